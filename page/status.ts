/// <reference lib="dom" />
/**
 * Status of the page: progress, results, and errors.
 *
 * @module
 */
import { find } from "./dom.ts";

/** A message that stays until it is closed, with something that can be done about it. */
export interface Notice {
  readonly title: string;
  readonly text: string;
  readonly action?: { readonly label: string; readonly run: () => void };
}

/** Progress, news and messages. */
export class Status {
  #now = find("now");
  #bar = find<HTMLProgressElement>("bar");
  #live = find("live");
  #notice = find("notice");
  #action: (() => void) | undefined;

  constructor() {
    find("notice-close").addEventListener("click", () => this.clearNotice());
    find("notice-do").addEventListener("click", () => this.#action?.());
  }

  /** Shows progress; updates are too frequent to be read aloud. */
  progress(text: string, share: number | undefined): void {
    this.#now.textContent = text;
    this.#bar.hidden = false;
    // Without a value the bar shows activity only.
    if (share === undefined) this.#bar.removeAttribute("value");
    else this.#bar.value = share;
  }

  /** Shows something that need not be read aloud. */
  show(text: string): void {
    this.#bar.hidden = true;
    this.#now.textContent = text;
  }

  /** Shows the result of the last action, and has it read aloud. */
  say(text: string): void {
    this.show(text);
    this.announce(text);
  }

  /** Has something read aloud. */
  announce(text: string): void {
    // The same words again are news all the same.
    this.#live.textContent = this.#live.textContent === text ? `${text}\u00a0` : text;
  }

  /** Shows a message. */
  notify({ title, text, action }: Notice): void {
    find("notice-title").textContent = title;
    find("notice-text").textContent = text;
    const button = find("notice-do");
    button.hidden = action === undefined;
    button.textContent = action?.label ?? "";
    this.#action = action?.run;
    this.#notice.hidden = false;
  }

  /** Takes the message away. */
  clearNotice(): void {
    this.#notice.hidden = true;
  }
}

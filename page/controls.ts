/// <reference lib="dom" />
/**
 * The form: settings in, settings out.
 *
 * @module
 */
import type { SamplerName } from "../src/diffusion/samplers.ts";
import { find } from "./dom.ts";
import { classListText } from "../src/model/class_names.ts";
import { type Settings, UNSEEN, USUAL } from "./settings.ts";

/** Samplers as a visitor reads them. */
const SAMPLER_WORDS: Record<SamplerName, readonly [label: string, hint: string]> = {
  "dpm++": ["DPM-Solver++", "Good from 10 to 25 steps."],
  heun: ["Heun", "Good from 10 to 25 steps; evaluates the network twice a step."],
  ddim: ["DDIM", "Deterministic after the initial noise; 50 steps or more."],
  ddpm: ["DDPM", "As the paper draws: fresh noise at every step; 100 steps or more."],
  renoise: ["Renoise", "As the original project draws; 100 steps or more."],
};

/** Properties of a network that the form depends on. */
export interface Choice {
  readonly numClasses: number;
  readonly classNames?: readonly string[];
}

/** Random seeds stay short enough to read out. */
const SEEDS = 1_000_000;

/** A seed by chance. */
export function newSeed(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0] % SEEDS;
}

/** The form. */
export class Controls {
  /** Called when something has been changed by the visitor. */
  onChange: () => void = () => {};
  /** Called when the visitor wants it drawn, or stopped. */
  onGo: () => void = () => {};
  #form = find<HTMLFormElement>("controls");
  #unseen: Pick<Settings, typeof UNSEEN[number] | "index"> = USUAL;
  /** Classes for which there is no single choice. */
  #listed: readonly number[] = [];
  #numClasses = 0;
  #classNames: readonly string[] = [];

  constructor() {
    const sampler = find<HTMLSelectElement>("sampler");
    for (const [name, [label]] of Object.entries(SAMPLER_WORDS)) {
      sampler.add(new Option(label, name));
    }
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.onGo();
    });
    this.#form.addEventListener("input", ({ target }) => {
      const { dataset, value, id } = target as HTMLInputElement;
      if (id === "seed") this.#pin(true);
      if (dataset.of) this.#input(dataset.of).value = value;
      this.#follow();
      this.onChange();
    });
    find("dice").addEventListener("click", () => {
      this.#input("seed").value = String(newSeed());
      this.#pin(false);
      this.onChange();
    });
    find("also-reset").addEventListener("click", () => {
      this.set({ ...USUAL, ...this.#seen() }, this.#input("pin").checked);
      find("draw").focus();
      this.onChange();
    });
  }

  /** Fits the form to a network. */
  fit({ numClasses, classNames = [] }: Choice): void {
    this.#numClasses = numClasses;
    this.#classNames = classNames;
    const select = find<HTMLSelectElement>("class");
    select.replaceChildren();
    select.add(new Option("None", ""));
    select.add(new Option("Each in turn", "each"));
    for (let i = 0; i < numClasses; i++) select.add(new Option(classNames[i] ?? String(i), `${i}`));
    for (const id of ["class-field", "guidance-field"]) find(id).hidden = numClasses === 0;
    this.#form.hidden = false;
  }

  /** The form's settings; only if it is valid. */
  get settings(): Settings {
    return { ...this.#unseen, ...this.#seen() };
  }

  #seen(): Omit<Settings, typeof UNSEEN[number] | "index"> {
    const number = (id: string) => Number(this.#input(id).value);
    const { value } = find<HTMLSelectElement>("class");
    return {
      seed: number("seed"),
      count: number("count"),
      steps: number("steps"),
      sampler: find<HTMLSelectElement>("sampler").value as SamplerName,
      classes: value === "each"
        ? this.#each
        : value === "list"
        ? this.#listed
        : value === ""
        ? []
        : [Number(value)],
      guidance: this.#numClasses === 0 ? 1 : number("guidance"),
    };
  }

  get #each(): number[] {
    return Array.from({ length: this.#numClasses }, (_, i) => i);
  }

  /** Another seed than the one that was drawn, unless the visitor wants to keep that. */
  renewSeed(drawn: number): void {
    const seed = this.#input("seed");
    if (!this.#input("pin").checked && Number(seed.value) === drawn) seed.value = String(newSeed());
  }

  #pin(pinned: boolean): void {
    this.#input("pin").checked = pinned;
  }

  /** Shows settings; their seed stays where the visitor chose it. */
  set(settings: Settings, pinned = true): void {
    this.#pin(pinned);
    for (const name of ["seed", "count", "steps", "guidance"] as const) {
      this.#input(name).value = String(settings[name]);
    }
    // One picture of many: of as many as there were.
    this.#input("count").max = String(Math.max(100, settings.count));
    find<HTMLSelectElement>("sampler").value = settings.sampler;
    this.#setClasses(settings.classes);
    const { seed: _s, count: _c, steps: _t, sampler: _m, classes: _l, guidance: _g, ...unseen } =
      settings;
    this.#unseen = unseen;
    const { index } = unseen;
    const also = [
      ...index === undefined ? [] : [`picture ${index + 1} alone`],
      ...UNSEEN.filter((name) => `${settings[name]}` !== `${USUAL[name]}`)
        .map((name) => `${spaced(name)} ${settings[name]}`),
    ];
    find("also").hidden = also.length === 0;
    find("also-text").textContent = also.join(", ");
    this.#follow();
  }

  #setClasses(classes: readonly number[]): void {
    const select = find<HTMLSelectElement>("class");
    select.querySelector("[value=list]")?.remove();
    const one = classes.length === 1 ? String(classes[0]) : "";
    if (classes.length < 2) {
      select.value = one;
    } else if (classes.join() === this.#each.join()) {
      select.value = "each";
    } else {
      this.#listed = classes;
      select.add(new Option(classListText(classes, this.#numClasses, this.#classNames), "list"), 2);
      select.value = "list";
    }
  }

  /** Everything on the form that follows from something else on it. */
  #follow(): void {
    const { sampler } = this.#seen();
    find("sampler-hint").textContent = SAMPLER_WORDS[sampler][1];
    for (const range of this.#form.querySelectorAll<HTMLInputElement>("[data-of]")) {
      range.value = this.#input(range.dataset.of!).value;
      const [low, high, value] = [range.min, range.max, range.value].map(Number);
      range.style.setProperty("--share", `${100 * (value - low) / (high - low)}%`);
    }
    const noClass = find<HTMLSelectElement>("class").value === "";
    for (const id of ["guidance"]) this.#input(id).disabled = noClass;
    this.#form.querySelector<HTMLInputElement>("[data-of=guidance]")!.disabled = noClass;
  }

  /** Whether all that was typed makes sense; tells the visitor if not. */
  check(): boolean {
    return this.#form.reportValidity();
  }

  #input(id: string): HTMLInputElement {
    return find<HTMLInputElement>(id);
  }
}

/** A setting's name as a person reads it: "warmStart" as "warm start". */
function spaced(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

/// <reference lib="dom" />
/**
 * Heat maps over the picture in the viewer: where the network reads it, as it is drawn again.
 *
 * @module
 */
import { find } from "./dom.ts";
import type { WorkEvent } from "./protocol.ts";

/** Bytes of heat maps that are kept to go back to. */
const MOST_BYTES = 2 ** 26;

/** Where the network reads in one step. */
export type ReadingEvent = WorkEvent & { readonly type: "reading" };

/** How pictures are watched. */
export interface Watching {
  /** Number of the network's blocks. */
  readonly blocks: number;
  /** Draws a picture again, and tells of its readings. */
  readonly watch: (index: number, onReading: (reading: ReadingEvent) => void) => void;
  /** Stops that. */
  readonly stop: () => void;
}

/** The controls below the picture, and the heat maps of one picture. */
export class Overlay {
  /** Called when there is something else to show. */
  onChange: () => void = () => {};
  #field = find("viewer-reads");
  #choice = find<HTMLSelectElement>("viewer-map");
  #step = find<HTMLInputElement>("viewer-step");
  #note = find("viewer-note");
  #watching: Watching | undefined;
  /** The picture that is looked at. */
  #index = 0;
  /** The picture that the readings are of. */
  #watched: number | undefined;
  #readings: ReadingEvent[] = [];

  constructor() {
    this.#choice.addEventListener("change", () => this.show(this.#index));
    this.#step.addEventListener("input", () => this.#tell());
  }

  /** Offers heat maps, where pictures can be watched. */
  begin(watching: Watching | undefined): void {
    this.#watching = watching;
    this.#field.hidden = watching === undefined;
    const blocks = Array.from({ length: watching?.blocks ?? 0 }, (_, i) => `in block ${i}`);
    const all = blocks.length > 1 ? ["in all blocks", ...blocks] : ["shown"];
    this.#choice.replaceChildren(...["not shown", ...all].map((text) => new Option(text)));
  }

  /** Looks at a picture. */
  show(index: number): void {
    this.#index = index;
    const on = this.#choice.selectedIndex > 0;
    if (on && this.#watched !== index) {
      this.end();
      this.#step.max = this.#step.value = "0";
      this.#watched = index;
      const readings: ReadingEvent[] = this.#readings = [];
      this.#watching!.watch(index, (reading) => {
        // Something else is looked at by now.
        if (readings !== this.#readings) return;
        // A visitor who went back stays at that step.
        const [at, end] = [Number(this.#step.value), Number(this.#step.max)];
        const isFull = readings.length >= MOST_BYTES / reading.pixels.length;
        if (isFull) readings.shift();
        readings.push(reading);
        this.#step.max = String(readings.length - 1);
        this.#step.value = at === end ? this.#step.max : String(isFull ? Math.max(0, at - 1) : at);
        this.#tell();
      });
    }
    this.#tell();
  }

  /** Stops watching. */
  end(): void {
    if (this.#watched !== undefined) this.#watching!.stop();
    this.#watched = undefined;
    this.#readings = [];
  }

  /** The heat map to show instead of a frame of the picture, if one is asked for and there. */
  over({ width, height }: ImageData, frame: number, frames: number): ImageData | undefined {
    const reading = this.#reading;
    if (!reading) return undefined;
    const each = 4 * width * height;
    const from = ((this.#choice.selectedIndex - 1) * frames + frame) * each;
    return new ImageData(reading.pixels.slice(from, from + each), width, height);
  }

  get #reading(): ReadingEvent | undefined {
    if (this.#choice.selectedIndex < 1) return undefined;
    return this.#readings[Number(this.#step.value)];
  }

  #tell(): void {
    const reading = this.#reading;
    this.#step.hidden = this.#note.hidden = reading === undefined;
    if (reading) {
      this.#note.textContent = `Step ${reading.done}. Bright: 8 times the even share of the ` +
        "attention. Red: the even share. Dark: an eighth of it.";
      this.#step.ariaValueText = `Step ${reading.done}`;
    }
    this.onChange();
  }
}

/// <reference lib="dom" />
/**
 * The pictures side by side, from their initial noise on.
 *
 * @module
 */
import { type ExampleConfig, pictureSize, pixelsOf } from "../src/model/example.ts";
import { sidesOf } from "../src/model/image_size.ts";
import { RandomStream, seedFor } from "../src/nn/random.ts";
import { FRAME_MILLISECONDS } from "../src/picture/clips.ts";
import { byteOf } from "../src/picture/pictures.ts";
import { find } from "./dom.ts";

/** More numbers than this are not worth the while for a placeholder. */
const MOST_NOISE = 2_000_000;

/** The pictures to show, and their settings. */
export interface Exhibition {
  readonly size: ExampleConfig;
  /** The numbers of the pictures. */
  readonly indices: readonly number[];
  readonly seed: number;
  /** Pictures in a row; as near to a square as their number allows if not given. */
  readonly columns?: number;
  /** The name of a picture's class. */
  readonly nameOf: (index: number) => string | undefined;
}

interface Tile {
  readonly button: HTMLButtonElement;
  readonly canvas: HTMLCanvasElement;
  frames: ImageData[];
}

/** The grid of pictures. */
export class Gallery {
  /** Called with the number of a picture that the visitor wants to see closer. */
  onOpen: (index: number) => void = () => {};
  #grid = find("grid");
  #motion = find<HTMLButtonElement>("motion");
  #tiles = new Map<number, Tile>();
  #size: ExampleConfig = { imageSize: 1, channels: 3, frames: 1 };
  #frame = 0;
  #paused = matchMedia("(prefers-reduced-motion: reduce)").matches;

  constructor() {
    this.#grid.addEventListener("keydown", (event) => this.#move(event));
    this.#motion.addEventListener("click", () => {
      this.#paused = !this.#paused;
      this.#motion.ariaPressed = String(this.#paused);
    });
    this.#motion.ariaPressed = String(this.#paused);
    setInterval(() => {
      if (this.#size.frames === 1 || this.#paused) return;
      this.#frame = (this.#frame + 1) % this.#size.frames;
      for (const tile of this.#tiles.values()) this.#draw(tile);
    }, FRAME_MILLISECONDS);
  }

  /** Hangs new pictures: as yet, the noise that each begins as. */
  hang(exhibition: Exhibition): void {
    const { size, indices, seed, nameOf } = exhibition;
    this.#size = size;
    this.#frame = 0;
    this.#tiles.clear();
    this.#motion.hidden = size.frames === 1;
    this.#grid.dataset.state = "noise";
    const columns = columnsOf(indices.length, exhibition.columns);
    this.#grid.style.setProperty("--columns", String(columns));
    this.#grid.classList.toggle("many", columns > 6);
    const { width, height } = sidesOf(size.imageSize);
    this.#grid.style.setProperty("--aspect", `${width} / ${height}`);
    const names = indices.map(nameOf);
    for (const [place, index] of indices.entries()) {
      const button = document.createElement("button");
      button.type = "button";
      button.disabled = true;
      button.tabIndex = place === 0 ? 0 : -1;
      const name = names[place];
      button.ariaLabel = `Picture ${index + 1}${name ? `, ${name}` : ""}`;
      const canvas = document.createElement("canvas");
      canvas.width = width;
      canvas.height = height;
      canvas.className = Math.max(width, height) <= 64 ? "pixels" : "";
      button.append(canvas);
      if (name) {
        const caption = document.createElement("span");
        caption.textContent = name;
        button.append(caption);
      }
      button.addEventListener("click", () => this.onOpen(index));
      const tile = { button, canvas, frames: [] };
      this.#tiles.set(index, tile);
      if (pictureSize(size) * indices.length <= MOST_NOISE) {
        canvas.getContext("2d")!.putImageData(noiseOf(seed, index, size), 0, 0);
      }
    }
    this.#grid.replaceChildren(...[...this.#tiles.values()].map(({ button }) => button));
  }

  /**
   * Paints pictures.
   *
   * @param pixels (indices, T, H, W, 4)
   */
  paint(indices: readonly number[], pixels: Uint8ClampedArray<ArrayBuffer>): void {
    const { imageSize, frames } = this.#size;
    const { width, height } = sidesOf(imageSize);
    const each = 4 * width * height;
    this.#grid.dataset.state = "drawing";
    for (const [place, index] of indices.entries()) {
      const tile = this.#tiles.get(index)!;
      tile.frames = Array.from({ length: frames }, (_, frame) => {
        const from = (place * frames + frame) * each;
        return new ImageData(pixels.slice(from, from + each), width, height);
      });
      this.#draw(tile);
    }
  }

  /** The pictures are done, and can be looked at one by one. */
  finish(): void {
    this.#grid.dataset.state = "done";
    for (const { button } of this.#tiles.values()) button.disabled = false;
  }

  /** The frames of a picture. */
  framesOf(index: number): readonly ImageData[] {
    return this.#tiles.get(index)?.frames ?? [];
  }

  /** The frame that is shown, of clips. */
  get frame(): number {
    return this.#frame;
  }

  #draw({ canvas, frames }: Tile): void {
    const frame = frames[this.#frame];
    if (frame) canvas.getContext("2d")!.putImageData(frame, 0, 0);
  }

  /** Arrow keys go from picture to picture; the grid as a whole is one stop of the Tab key. */
  #move(event: KeyboardEvent): void {
    const buttons = [...this.#tiles.values()].map(({ button }) => button);
    const at = buttons.indexOf(document.activeElement as HTMLButtonElement);
    const columns = getComputedStyle(this.#grid).gridTemplateColumns.split(" ").length;
    const steps: Record<string, number> = {
      ArrowLeft: at - 1,
      ArrowRight: at + 1,
      ArrowUp: at - columns,
      ArrowDown: at + columns,
      Home: 0,
      End: buttons.length - 1,
    };
    const next = buttons[steps[event.key] ?? -1];
    if (at < 0 || !next) return;
    event.preventDefault();
    buttons[at].tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  }
}

/** Pictures in a row of a screen, at most, where each class has a column. */
const WIDEST_ROW = 6;

/** As in a saved grid; but with many columns a row shows a part, where they can be divided. */
function columnsOf(count: number, columns: number | undefined): number {
  const square = Math.ceil(Math.sqrt(count));
  if (columns === undefined || columns <= WIDEST_ROW) return columns ?? square;
  return [6, 5, 4, 3].find((part) => columns % part === 0) ?? square;
}

/** The noise that the sampler begins with, a little paler. */
function noiseOf(seed: number, index: number, size: ExampleConfig): ImageData {
  const images = new RandomStream(seedFor(seed, "sample"), 0);
  const stream = new RandomStream(images.bits(index), 0);
  const { width, height } = sidesOf(size.imageSize);
  const image = new ImageData(width, height);
  const plane = pixelsOf(size);
  for (let p = 0; p < plane; p++) {
    for (let channel = 0; channel < 3; channel++) {
      const from = size.channels === 1 ? p : channel * plane + p;
      image.data[4 * p + channel] = byteOf(0.4 * stream.normal(from));
    }
    image.data[4 * p + 3] = 255;
  }
  return image;
}

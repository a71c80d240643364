/// <reference lib="dom" />
/**
 * One picture, large.
 *
 * @module
 */
import { FRAME_MILLISECONDS } from "../src/picture/clips.ts";
import { find } from "./dom.ts";
import type { Gallery } from "./gallery.ts";
import { Overlay, type Watching } from "./overlay.ts";

/** The pictures in the viewer. */
export interface Viewing {
  /** The numbers of the pictures that can be gone through. */
  readonly indices: readonly number[];
  readonly nameOf: (index: number) => string | undefined;
  readonly onSave: (index: number) => void;
  readonly onLink: (index: number) => void;
  /** How the pictures are watched; absent where they can't be. */
  readonly watching?: Watching;
}

/** The dialog that shows one picture at a time. */
export class Viewer {
  #dialog = find<HTMLDialogElement>("viewer");
  #canvas = find<HTMLCanvasElement>("viewer-canvas");
  #overlay = new Overlay();
  #viewing: Viewing | undefined;
  #at = 0;
  #gallery: Gallery;

  constructor(gallery: Gallery) {
    this.#gallery = gallery;
    this.#overlay.onChange = () => this.#draw();
    this.#dialog.addEventListener("close", () => this.#overlay.end());
    find("viewer-close").addEventListener("click", () => this.#dialog.close());
    find("viewer-before").addEventListener("click", () => this.#go(-1));
    find("viewer-after").addEventListener("click", () => this.#go(1));
    find("viewer-save").addEventListener("click", () => this.#viewing?.onSave(this.#index));
    find("viewer-link").addEventListener("click", () => this.#viewing?.onLink(this.#index));
    this.#dialog.addEventListener("keydown", ({ key, target }) => {
      // There, arrows are for the control itself.
      if (target instanceof HTMLInputElement || target instanceof HTMLSelectElement) return;
      if (key === "ArrowLeft") this.#go(-1);
      if (key === "ArrowRight") this.#go(1);
    });
    // A click outside of it.
    this.#dialog.addEventListener("click", ({ target }) => {
      if (target === this.#dialog) this.#dialog.close();
    });
    setInterval(() => this.#dialog.open && this.#draw(), FRAME_MILLISECONDS);
  }

  /** Opens it at a picture. */
  open(index: number, viewing: Viewing): void {
    this.#viewing = viewing;
    this.#at = viewing.indices.indexOf(index);
    this.#overlay.begin(viewing.watching);
    this.#go(0);
    this.#dialog.showModal();
  }

  /** Closes it. */
  close(): void {
    this.#dialog.close();
  }

  get #index(): number {
    return this.#viewing!.indices[this.#at];
  }

  #go(by: number): void {
    const { indices, nameOf } = this.#viewing!;
    this.#at = Math.max(0, Math.min(indices.length - 1, this.#at + by));
    find<HTMLButtonElement>("viewer-before").disabled = this.#at === 0;
    find<HTMLButtonElement>("viewer-after").disabled = this.#at === indices.length - 1;
    const name = nameOf(this.#index);
    const title = `Picture ${this.#index + 1}${name ? `, ${name}` : ""}`;
    find("viewer-title").textContent = title;
    this.#canvas.ariaLabel = title;
    this.#overlay.show(this.#index);
  }

  #draw(): void {
    const frames = this.#gallery.framesOf(this.#index);
    const frame = frames[this.#gallery.frame];
    if (!frame) return;
    const { width, height } = frame;
    if (this.#canvas.width !== width || this.#canvas.height !== height) {
      [this.#canvas.width, this.#canvas.height] = [width, height];
      this.#canvas.style.setProperty("--aspect", `${width} / ${height}`);
      this.#canvas.className = Math.max(width, height) <= 64 ? "pixels" : "";
    }
    const shown = this.#overlay.over(frame, this.#gallery.frame, frames.length) ?? frame;
    this.#canvas.getContext("2d")!.putImageData(shown, 0, 0);
  }
}

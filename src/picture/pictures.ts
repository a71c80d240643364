/**
 * Images as PNG files: one, or many in a grid.
 *
 * @module
 */
import { encode } from "fast-png";

/** Pixels between the images of a grid, and around them. */
export const GAP = 2;

/** Text in a PNG, by keyword; Latin-1. */
export type PngText = Readonly<Record<string, string>>;

/** A picture as bytes. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  /** (height, width, 3). */
  readonly data: Uint8Array<ArrayBuffer>;
}

/**
 * One picture with all images side by side, as near to a square as their number allows.
 *
 * @param images (count, 3, S, S) in [-1, 1]
 * @param options.columns images in a row
 */
export function gridPng(
  images: Float32Array,
  size: number,
  { columns, text }: { columns?: number; text?: PngText } = {},
): Uint8Array {
  return encode({ ...gridPixels(images, size, columns), depth: 8, channels: 3, text });
}

/** The same before it is a PNG file. */
export function gridPixels(images: Float32Array, size: number, asked?: number): Pixels {
  const count = images.length / (3 * size * size);
  const columns = asked ?? Math.ceil(Math.sqrt(count));
  const rows = Math.ceil(count / columns);
  const [width, height] = [columns, rows].map((cells) => cells * (size + GAP) + GAP);
  const data = new Uint8Array(3 * width * height).fill(255);
  for (let i = 0; i < count; i++) {
    const left = GAP + (i % columns) * (size + GAP);
    const top = GAP + Math.floor(i / columns) * (size + GAP);
    paint(images, i, size, data, width, left, top);
  }
  return { width, height, data };
}

/**
 * One image of many.
 *
 * @param images (count, 3, S, S) in [-1, 1]
 */
export function imagePng(
  images: Float32Array,
  index: number,
  size: number,
  text?: PngText,
): Uint8Array {
  const data = imageBytes(images, index, size);
  return encode({ width: size, height: size, data, depth: 8, channels: 3, text });
}

/**
 * One image of many as bytes (S, S, 3).
 *
 * @param images (count, 3, S, S) in [-1, 1]
 */
export function imageBytes(
  images: Float32Array,
  index: number,
  size: number,
): Uint8Array<ArrayBuffer> {
  const data = new Uint8Array(3 * size * size);
  paint(images, index, size, data, size, 0, 0);
  return data;
}

/** The size of a picture, which stands near a PNG's beginning. */
export function pngSize(png: Uint8Array): { width: number; height: number } {
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength);
  return { width: view.getUint32(16), height: view.getUint32(20) };
}

/** The byte of a value in [-1, 1]; values beyond are clipped. */
export function byteOf(value: number): number {
  return Math.floor(Math.max(0, Math.min(255, (value + 1) * 127.5 + 0.5)));
}

/** From planes of floats to bytes pixel by pixel. */
export function paint(
  images: Float32Array,
  index: number,
  size: number,
  data: Uint8Array,
  width: number,
  left: number,
  top: number,
): void {
  const plane = size * size;
  for (let channel = 0; channel < 3; channel++) {
    const from = (3 * index + channel) * plane;
    for (let y = 0; y < size; y++) {
      for (let x = 0; x < size; x++) {
        const to = 3 * ((top + y) * width + left + x) + channel;
        data[to] = byteOf(images[from + y * size + x]);
      }
    }
  }
}

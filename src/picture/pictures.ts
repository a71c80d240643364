/**
 * Images as PNG files: one, or many in a grid.
 *
 * @module
 */
import { encode } from "fast-png";
import type { Channels } from "../model/config.ts";
import { type PictureConfig, pictureSize } from "../model/example.ts";
import { sidesOf } from "../model/image_size.ts";

/** Pixels between the images of a grid, and around them. */
export const GAP = 2;

/** Text in a PNG, by keyword; Latin-1. */
export type PngText = Readonly<Record<string, string>>;

/** A picture as bytes. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  /** C. */
  readonly channels: Channels;
  /** (height, width, C). */
  readonly data: Uint8Array<ArrayBuffer>;
}

/**
 * One picture with all images side by side, as near to a square as their number allows.
 *
 * @param images (count, C, H, W) in [-1, 1]
 * @param options.columns images in a row
 */
export function gridPng(
  images: Float32Array,
  picture: PictureConfig,
  { columns, text }: { columns?: number; text?: PngText } = {},
): Uint8Array {
  return encode({ ...gridPixels(images, picture, columns), depth: 8, text });
}

/** The same before it is a PNG file. */
export function gridPixels(images: Float32Array, picture: PictureConfig, asked?: number): Pixels {
  const { channels } = picture;
  const sides = sidesOf(picture.imageSize);
  const count = images.length / pictureSize(picture);
  const columns = asked ?? Math.ceil(Math.sqrt(count));
  const rows = Math.ceil(count / columns);
  const width = columns * (sides.width + GAP) + GAP;
  const height = rows * (sides.height + GAP) + GAP;
  const data = new Uint8Array(channels * width * height).fill(255);
  for (let i = 0; i < count; i++) {
    const left = GAP + (i % columns) * (sides.width + GAP);
    const top = GAP + Math.floor(i / columns) * (sides.height + GAP);
    paint(images, i, picture, data, width, left, top);
  }
  return { width, height, channels, data };
}

/**
 * One image of many.
 *
 * @param images (count, C, H, W) in [-1, 1]
 */
export function imagePng(
  images: Float32Array,
  index: number,
  picture: PictureConfig,
  text?: PngText,
): Uint8Array {
  const data = imageBytes(images, index, picture);
  const { channels } = picture;
  return encode({ ...sidesOf(picture.imageSize), data, depth: 8, channels, text });
}

/**
 * One image of many as bytes (H, W, C).
 *
 * @param images (count, C, H, W) in [-1, 1]
 */
export function imageBytes(
  images: Float32Array,
  index: number,
  picture: PictureConfig,
): Uint8Array<ArrayBuffer> {
  const data = new Uint8Array(pictureSize(picture));
  paint(images, index, picture, data, sidesOf(picture.imageSize).width, 0, 0);
  return data;
}

/** The shape of a picture that rin wrote, which stands near a PNG's beginning. */
export function pngSize(png: Uint8Array): Omit<Pixels, "data"> {
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength);
  const channels = ({ 0: 1, 6: 4 } as const)[png[25]] ?? 3;
  return { width: view.getUint32(16), height: view.getUint32(20), channels };
}

/** The byte of a value in [-1, 1]; values beyond are clipped. */
export function byteOf(value: number): number {
  return Math.floor(Math.max(0, Math.min(255, (value + 1) * 127.5 + 0.5)));
}

/** From planes of floats to bytes pixel by pixel, into a picture whose rows have `row` pixels. */
export function paint(
  images: Float32Array,
  index: number,
  { imageSize, channels }: PictureConfig,
  data: Uint8Array,
  row: number,
  left: number,
  top: number,
): void {
  const { width, height } = sidesOf(imageSize);
  for (let channel = 0; channel < channels; channel++) {
    const from = (channels * index + channel) * width * height;
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const to = channels * ((top + y) * row + left + x) + channel;
        data[to] = byteOf(images[from + y * width + x]);
      }
    }
  }
}

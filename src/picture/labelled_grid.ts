/**
 * A grid of images with a word below each.
 *
 * @module
 */
import { encode } from "fast-png";
import type { PictureConfig } from "../model/example.ts";
import { sidesOf } from "../model/image_size.ts";
import { fittedLettering, LETTER_HEIGHT, lettering } from "./lettering.ts";
import { GAP, paint, type Pixels, type PngText } from "./pictures.ts";

/** Size of images from which a letter's points are squares of four pixels. */
const LARGE = 128;

/** Points that a cell is widened to for a long word. */
const WIDEST = 64;

/** Points above and below a word; tails of letters reach into the latter. */
const AIR = 1;

/** Classes side by side in a row of a grid, at most. */
const WIDEST_ROW = 20;

/** Captions below the images of a grid, one word for each, and the images in a row of it. */
export interface Caption {
  readonly words: readonly string[];
  readonly columns?: number;
}

/**
 * The classes' names below the images of a grid, where there are several: a column for each.
 *
 * @param classes of the images, in turn
 * @param labels the class of each image
 * @param names of the classes by number, where they have any
 */
export function captionOf(
  classes: readonly number[] = [],
  labels: readonly number[] = [],
  names?: readonly string[],
): Caption | undefined {
  if (classes.length < 2) return undefined;
  return {
    words: labels.map((label) => names?.[label] ?? String(label)),
    columns: classes.length <= WIDEST_ROW ? classes.length : undefined,
  };
}

/**
 * One picture with all images side by side, and each one's caption below it.
 *
 * @param images (count, C, H, W) in [-1, 1]
 * @param words one for each image
 * @param options.columns images in a row; as near to a square as their number allows if not given
 */
export function labelledGridPng(
  images: Float32Array,
  picture: PictureConfig,
  words: readonly string[],
  { columns, text }: { columns?: number; text?: PngText },
): Uint8Array {
  const pixels = labelledGridPixels(images, picture, words, columns);
  return encode({ ...pixels, depth: 8, text });
}

/** The same before it is a PNG file. */
export function labelledGridPixels(
  images: Float32Array,
  picture: PictureConfig,
  words: readonly string[],
  columns: number = Math.ceil(Math.sqrt(words.length)),
): Pixels {
  const { channels } = picture;
  const sides = sidesOf(picture.imageSize);
  const point = sides.width >= LARGE ? 2 : 1;
  const longest = Math.max(...words.map((word) => lettering(word).length)) * point;
  const cell = Math.max(sides.width, Math.min(longest, WIDEST * point));
  const caption = (LETTER_HEIGHT + 2 * AIR) * point;
  const width = columns * (cell + GAP) + GAP;
  const height = Math.ceil(words.length / columns) * (sides.height + caption + GAP) + GAP;
  const data = new Uint8Array(channels * width * height).fill(255);
  words.forEach((word, i) => {
    const left = GAP + (i % columns) * (cell + GAP);
    const top = GAP + Math.floor(i / columns) * (sides.height + caption + GAP);
    const aside = Math.floor((cell - sides.width) / 2);
    paint(images, i, picture, data, width, left + aside, top);
    const letters = fittedLettering(word, Math.floor(cell / point));
    const from = left + Math.floor((cell - letters.length * point) / 2);
    write(letters, point, { data, channels }, width, from, top + sides.height + AIR * point);
  });
  return { width, height, channels, data };
}

/** Draws black points over the picture. */
function write(
  letters: Uint8Array,
  point: number,
  { data, channels }: Pick<Pixels, "data" | "channels">,
  width: number,
  left: number,
  top: number,
): void {
  for (let y = 0; y < (LETTER_HEIGHT + AIR) * point; y++) {
    for (let x = 0; x < letters.length * point; x++) {
      if (((letters[Math.floor(x / point)] >> Math.floor(y / point)) & 1) === 0) continue;
      const at = channels * ((top + y) * width + left + x);
      data.fill(0, at, at + Math.min(channels, 3));
    }
  }
}

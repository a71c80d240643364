/**
 * Heat maps of attention, over what is left of a picture's outlines.
 *
 * @module
 */

import type { RinConfig } from "../model/config.ts";
import { type ExampleConfig, type PictureConfig, planeSize } from "../model/example.ts";
import { sidesOf } from "../model/image_size.ts";

/** How many times the even share the brightest color is; the darkest is one part in as many. */
export const HEAT_RANGE = 8;

/** From dark to bright, (red, green, blue) from 0 to 1; the one in the middle is the even share. */
const COLORS = [
  [0.03, 0.03, 0.12],
  [0.27, 0.07, 0.43],
  [0.71, 0.19, 0.4],
  [0.96, 0.52, 0.2],
  [1, 0.93, 0.62],
] as const;

/** How much of the picture's outlines shows through. */
const OUTLINES = 0.45;

/** Parts of red, green and blue in brightness. */
const BRIGHTNESS = [0.299, 0.587, 0.114] as const;

/** Config fields that set where patches lie. */
export type PatchedPicture = ExampleConfig & Pick<RinConfig, "patchSize" | "patchFrames">;

const clipped = (value: number) => Math.max(-1, Math.min(1, value));

/**
 * Red, green, and blue of an example: gray in all three, what is transparent on white.
 *
 * @param example (C, H, W), or (C, T, H, W) where T is above 1, in [-1, 1]
 * @returns (3, H, W), or (3, T, H, W), in [-1, 1]
 */
export function colorsOf(
  example: Float32Array,
  config: ExampleConfig,
): Float32Array<ArrayBuffer> {
  const { channels } = config;
  const plane = planeSize(config);
  return Float32Array.from({ length: 3 * plane }, (_, i) => {
    const color = clipped(example[channels === 1 ? i % plane : i]);
    const opacity = channels === 4 ? (clipped(example[3 * plane + i % plane]) + 1) / 2 : 1;
    return 1 + opacity * (color - 1);
  });
}

/**
 * Colors each patch by its share of the attention, on a scale of logarithms. The picture's outlines
 * show through, but not its brightness, which would change a patch's color.
 *
 * @param example (C, H, W), or (C, T, H, W) of clips, in [-1, 1]
 * @param map shares of the patches, (T/Pt, H/P, W/P), which add up to 1
 * @returns (3, H, W), or (3, T, H, W), in [-1, 1]
 */
export function heatMap(
  example: Float32Array,
  map: ArrayLike<number>,
  config: PatchedPicture,
): Float32Array<ArrayBuffer> {
  const { frames, patchSize, patchFrames } = config;
  const { width, height } = sidesOf(config.imageSize);
  const colors = colorsOf(example, config);
  const plane = planeSize(config);
  const columns = width / patchSize;
  const patches = columns * height / patchSize;
  const heat = new Float32Array(3 * plane);
  const brightness = (at: number) =>
    BRIGHTNESS.reduce((sum, part, channel) => sum + part * colors[channel * plane + at], 0);
  // A patch of each frame has outlines of its own.
  for (let place = 0; place < frames * patches; place++) {
    const [frame, patch] = [Math.floor(place / patches), place % patches];
    const token = Math.floor(frame / patchFrames) * patches + patch;
    const color = heatColor(map[token] * map.length);
    const row = frame * height + Math.floor(patch / columns) * patchSize;
    const first = row * width + (patch % columns) * patchSize;
    const pixels = Array.from(
      { length: patchSize ** 2 },
      (_, i) => first + Math.floor(i / patchSize) * width + i % patchSize,
    );
    const mean = pixels.reduce((sum, at) => sum + brightness(at), 0) / pixels.length;
    for (const at of pixels) {
      const outline = OUTLINES * (brightness(at) - mean);
      color.forEach((value, channel) => heat[channel * plane + at] = 2 * value - 1 + outline);
    }
  }
  return heat;
}

/** The color of a share, where 1 is the even one: (red, green, blue) from 0 to 1. */
export function heatColor(share: number): number[] {
  const level = 0.5 + Math.log2(share) / (2 * Math.log2(HEAT_RANGE));
  const at = Math.max(0, Math.min(1, level)) * (COLORS.length - 1);
  const below = Math.min(COLORS.length - 2, Math.floor(at));
  return COLORS[below].map((value, i) => value + (at - below) * (COLORS[below + 1][i] - value));
}

/** A picture (C, H, W) with each pixel as a square of `times` a side. */
export function enlarged(
  image: Float32Array,
  picture: PictureConfig,
  times: number,
): Float32Array<ArrayBuffer> {
  const { width } = sidesOf(picture.imageSize);
  const wide = width * times;
  return Float32Array.from({ length: image.length * times ** 2 }, (_, i) => {
    const [row, column] = [Math.floor(i / wide), i % wide];
    return image[Math.floor(row / times) * width + Math.floor(column / times)];
  });
}

/**
 * Heat maps of attention, over what is left of a picture's outlines.
 *
 * @module
 */

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
export interface PatchedPicture {
  /** S. */
  readonly imageSize: number;
  /** T, 1 of images. */
  readonly frames: number;
  /** P. */
  readonly patchSize: number;
  /** Pt. */
  readonly patchFrames: number;
}

/**
 * Colors each patch by its share of the attention, on a scale of logarithms. The picture's outlines
 * show through, but not its brightness, which would change a patch's color.
 *
 * @param example (3, S, S), or (3, T, S, S) of clips, in [-1, 1]
 * @param map shares of the patches, (T/Pt, S/P, S/P), which add up to 1
 * @returns shaped as the example, in [-1, 1]
 */
export function heatMap(
  example: Float32Array,
  map: ArrayLike<number>,
  { imageSize, frames, patchSize, patchFrames }: PatchedPicture,
): Float32Array<ArrayBuffer> {
  const plane = frames * imageSize ** 2;
  const columns = imageSize / patchSize;
  const heat = new Float32Array(3 * plane);
  const brightness = (at: number) =>
    BRIGHTNESS.reduce((sum, part, channel) => sum + part * example[channel * plane + at], 0);
  // A patch of each frame has outlines of its own.
  for (let place = 0; place < frames * columns ** 2; place++) {
    const [frame, patch] = [Math.floor(place / columns ** 2), place % columns ** 2];
    const token = Math.floor(frame / patchFrames) * columns ** 2 + patch;
    const color = heatColor(map[token] * map.length);
    const row = frame * imageSize + Math.floor(patch / columns) * patchSize;
    const first = row * imageSize + (patch % columns) * patchSize;
    const pixels = Array.from(
      { length: patchSize ** 2 },
      (_, i) => first + Math.floor(i / patchSize) * imageSize + i % patchSize,
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

/** A square picture (3, S, S) with each pixel as a square of `times` a side. */
export function enlarged(
  image: Float32Array,
  size: number,
  times: number,
): Float32Array<ArrayBuffer> {
  const side = size * times;
  return Float32Array.from({ length: 3 * side ** 2 }, (_, i) => {
    const [row, column] = [Math.floor(i / side), i % side];
    return image[Math.floor(row / times) * size + Math.floor(column / times)];
  });
}

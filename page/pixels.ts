/**
 * Pictures as a canvas takes them and as PNG files.
 *
 * @module
 */
import type { RinConfig } from "../src/model/config.ts";
import { exampleSize } from "../src/model/example.ts";
import { animatedPng } from "../src/picture/animated_png.ts";
import { byFrame, FRAME_MILLISECONDS } from "../src/picture/clips.ts";
import { type Caption, labelledGridPng } from "../src/picture/labelled_grid.ts";
import { byteOf, gridPng, imagePng, type PngText } from "../src/picture/pictures.ts";

/** Config fields that set the size of a picture. */
export type PictureSize = Pick<RinConfig, "imageSize" | "frames">;

/**
 * Floats to bytes.
 *
 * @param images (n, 3, S, S), or (n, 3, T, S, S) of clips, in [-1, 1]
 * @returns (n, T, S, S, 4)
 */
export function rgbaOf(
  images: Float32Array,
  { imageSize, frames }: PictureSize,
): Uint8ClampedArray<ArrayBuffer> {
  const plane = imageSize ** 2;
  const count = images.length / (3 * frames * plane);
  const pixels = new Uint8ClampedArray(4 * count * frames * plane).fill(255);
  let to = 0;
  for (let i = 0; i < count; i++) {
    for (let frame = 0; frame < frames; frame++) {
      for (let p = 0; p < plane; p++, to += 4) {
        for (let channel = 0; channel < 3; channel++) {
          pixels[to + channel] = byteOf(images[((3 * i + channel) * frames + frame) * plane + p]);
        }
      }
    }
  }
  return pixels;
}

/** A PNG as `rin sample` writes it: one picture, or a grid; animated where they are clips. */
export function pngOf(
  images: Float32Array,
  size: PictureSize,
  text: PngText,
  caption?: Caption,
): Uint8Array<ArrayBuffer> {
  const { imageSize, frames } = size;
  const count = images.length / exampleSize(size);
  const still = (images: Float32Array) =>
    count === 1 ? imagePng(images, 0, imageSize, text) : gridPng(images, imageSize, { text });
  if (frames > 1) {
    return animatedPng(byFrame(images, size).map(still), { milliseconds: FRAME_MILLISECONDS });
  }
  return new Uint8Array(
    caption && count > 1
      ? labelledGridPng(images, imageSize, caption.words, { columns: caption.columns, text })
      : still(images),
  );
}

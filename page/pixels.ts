/**
 * Pictures as a canvas takes them and as PNG files.
 *
 * @module
 */
import { type ExampleConfig, exampleSize, pixelsOf } from "../src/model/example.ts";
import { animatedPng } from "../src/picture/animated_png.ts";
import { byFrame, FRAME_MILLISECONDS } from "../src/picture/clips.ts";
import { type Caption, labelledGridPng } from "../src/picture/labelled_grid.ts";
import { byteOf, gridPng, imagePng, type PngText } from "../src/picture/pictures.ts";

/**
 * Floats to bytes.
 *
 * @param images (n, C, H, W), or (n, C, T, H, W) of clips, in [-1, 1]
 * @returns (n, T, H, W, 4), gray ones repeated, opaque where there is no opacity
 */
export function rgbaOf(
  images: Float32Array,
  config: ExampleConfig,
): Uint8ClampedArray<ArrayBuffer> {
  const { channels, frames } = config;
  const plane = pixelsOf(config);
  const count = images.length / exampleSize(config);
  const pixels = new Uint8ClampedArray(4 * count * frames * plane).fill(255);
  let to = 0;
  for (let i = 0; i < count; i++) {
    for (let frame = 0; frame < frames; frame++) {
      for (let p = 0; p < plane; p++, to += 4) {
        for (let place = 0; place < Math.max(3, channels); place++) {
          const channel = channels === 1 ? 0 : place;
          const from = ((channels * i + channel) * frames + frame) * plane + p;
          pixels[to + place] = byteOf(images[from]);
        }
      }
    }
  }
  return pixels;
}

/** A PNG as `rin sample` writes it: one picture, or a grid; animated where they are clips. */
export function pngOf(
  images: Float32Array,
  size: ExampleConfig,
  text: PngText,
  caption?: Caption,
): Uint8Array<ArrayBuffer> {
  const { frames } = size;
  const count = images.length / exampleSize(size);
  const still = (images: Float32Array) =>
    count === 1 ? imagePng(images, 0, size, text) : gridPng(images, size, { text });
  if (frames > 1) {
    return animatedPng(byFrame(images, size).map(still), { milliseconds: FRAME_MILLISECONDS });
  }
  return new Uint8Array(
    caption && count > 1
      ? labelledGridPng(images, size, caption.words, { columns: caption.columns, text })
      : still(images),
  );
}

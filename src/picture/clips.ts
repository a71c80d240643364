/**
 * Clips as animated PNG files, and by frame.
 *
 * @module
 */
import { animatedPng } from "./animated_png.ts";
import { type ExampleConfig, pictureSize, pixelsOf } from "../model/example.ts";
import { gridPng, imageBytes, imagePng, type PngText } from "./pictures.ts";

/** How long a frame of a clip is shown, in milliseconds; the clip's own speed is unknown. */
export const FRAME_MILLISECONDS = 100;

/**
 * The frames of clips, in order.
 *
 * @param clips (count, C, T, H, W)
 * @returns T arrays (count, C, H, W)
 */
export function byFrame(
  clips: Float32Array,
  { imageSize, frames }: Omit<ExampleConfig, "channels">,
): Float32Array<ArrayBuffer>[] {
  const plane = pixelsOf({ imageSize });
  const planes = clips.length / (frames * plane);
  return Array.from({ length: frames }, (_, t) => {
    const images = new Float32Array(planes * plane);
    for (let p = 0; p < planes; p++) {
      const from = (p * frames + t) * plane;
      images.set(clips.subarray(from, from + plane), p * plane);
    }
    return images;
  });
}

/**
 * All clips side by side in one animated PNG file, as {@linkcode gridPng} puts images.
 *
 * @param clips (count, C, T, H, W) in [-1, 1]
 */
export function clipGridPng(clips: Float32Array, size: ExampleConfig): Uint8Array<ArrayBuffer> {
  return animation(byFrame(clips, size).map((images) => gridPng(images, size)));
}

/**
 * One clip as an animated PNG file.
 *
 * @param clip (C, T, H, W) in [-1, 1]
 */
export function clipPng(
  clip: Float32Array,
  size: ExampleConfig,
  text?: PngText,
): Uint8Array<ArrayBuffer> {
  return animation(byFrame(clip, size).map((image) => imagePng(image, 0, size, text)));
}

/**
 * One image as a PNG file, or one clip as an animated one.
 *
 * @param example (C, H, W), or (C, T, H, W) where T is above 1, in [-1, 1]
 */
export function examplePng(
  example: Float32Array,
  size: ExampleConfig,
  text?: PngText,
): Uint8Array {
  return size.frames > 1 ? clipPng(example, size, text) : imagePng(example, 0, size, text);
}

/**
 * One clip as bytes (T, H, W, C).
 *
 * @param clip (C, T, H, W) in [-1, 1]
 */
export function clipBytes(clip: Float32Array, size: ExampleConfig): Uint8Array<ArrayBuffer> {
  const each = pictureSize(size);
  const bytes = new Uint8Array(size.frames * each);
  byFrame(clip, size).forEach((image, t) => bytes.set(imageBytes(image, 0, size), t * each));
  return bytes;
}

function animation(frames: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return animatedPng(frames, { milliseconds: FRAME_MILLISECONDS });
}

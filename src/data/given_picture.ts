/**
 * A picture, or a clip, that sampling begins from or continues, and a mask. Pure: no file access,
 * so it runs anywhere.
 * @module
 */
import {
  type DrawnConfig,
  type ExampleConfig,
  exampleSize,
  pictureSize,
} from "../model/example.ts";
import { decodeClip, moves, resizeClip } from "./decode_clip.ts";
import type { Decode } from "./decode_common.ts";
import { DataError } from "./errors.ts";
import { fillBatch } from "./fill_batch.ts";
import { concat } from "./prepared_format.ts";
import { resizeCrop } from "./resize.ts";

/** The role of a given picture. */
export type Given = "image" | "mask" | "context";

/**
 * Decodes a file, cropped and resized as training images are. Clips use their first frames, and a
 * still picture as mask holds for all frames.
 *
 * @param decode decoder of still pictures
 * @param most pixels at most, of all frames together; default: the decoders' limit
 * @returns (C, H, W), or (C, T, H, W), in [-1, 1]; of a mask C is 3, of a context T is N
 * @throws {DataError} when it is no picture or too large, or a clip is too short
 */
export function decodeGiven(
  bytes: Uint8Array,
  what: Given,
  config: DrawnConfig,
  decode: Decode,
  most?: number,
): Float32Array<ArrayBuffer> {
  const shape = shapeOf(what, config);
  const { frames } = shape;
  const alpha = shape.channels === 4;
  const frame = () => resizeCrop(decode(bytes, most, alpha), shape);
  if (config.frames > 1) {
    const stored = moves(bytes)
      ? resizeClip(decodeClip(bytes, most, alpha), shape, frames)
      : frame();
    return clipOf(stored, what, config);
  }
  const image = new Float32Array(exampleSize(shape));
  fillBatch(frame(), shape.imageSize, image, shape);
  return image;
}

/** Of what is read: a mask is on white, whatever the network's pictures are; a context has its frames. */
export function shapeOf(what: Given, config: DrawnConfig): ExampleConfig {
  if (what === "context") return { ...config, frames: config.contextFrames };
  return what === "mask" ? { ...config, channels: 3 } : config;
}

/**
 * A clip of the network's length.
 *
 * @param stored its frames, (F, C, H, W), values 0..255, of the shape that {@linkcode shapeOf} tells
 * @returns (C, T, H, W) in [-1, 1]; of a mask C is 3
 * @throws {DataError} when it is too short
 */
export function clipOf(
  stored: Uint8Array,
  what: Given,
  config: DrawnConfig,
): Float32Array<ArrayBuffer> {
  const shape = shapeOf(what, config);
  const { frames } = shape;
  const found = stored.length / pictureSize(shape);
  if (found < frames && !(what === "mask" && found === 1)) {
    throw new DataError(
      `it has ${found} frame${found === 1 ? "" : "s"}, where ${
        what === "context" ? "the network sees" : "the network's clips have"
      } ${frames}; ` +
        `give a longer clip`,
    );
  }
  const pixels = found < frames
    ? concat(Array<Uint8Array>(frames).fill(stored))
    : stored.subarray(0, exampleSize(shape));
  const clip = new Float32Array(exampleSize(shape));
  fillBatch(pixels, shape.imageSize, clip, shape, undefined, frames);
  return clip;
}

/**
 * White is painted, black is kept: the mean of the three channels.
 *
 * @param image (3, H, W), or (3, T, H, W), in [-1, 1]
 * @returns (H, W), or (T, H, W), 0 to 1
 */
export function maskOf(image: Float32Array): Float32Array<ArrayBuffer> {
  const plane = image.length / 3;
  return Float32Array.from(
    { length: plane },
    (_, i) => (image[i] + image[plane + i] + image[2 * plane + i] + 3) / 6,
  );
}

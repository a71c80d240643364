/**
 * A picture, or a clip, that sampling begins from or continues, and a mask. Pure: no file access,
 * so it runs anywhere.
 * @module
 */
import { type DrawnConfig, type ExampleConfig, exampleSize } from "../model/example.ts";
import { decodeClip, moves, resizeClip } from "./decode_clip.ts";
import type { Decode } from "./decode_common.ts";
import { DataError } from "./errors.ts";
import { fillBatch } from "./fill_batch.ts";
import { concat } from "./prepared_format.ts";
import { resizeCrop } from "./resize.ts";

/** The role of a given picture. */
export type Given = "image" | "mask" | "context";

/** The size of what is given to a network: of a context, its frames only. */
export function givenSize(
  what: Given,
  { imageSize, frames, contextFrames }: DrawnConfig,
): ExampleConfig {
  return { imageSize, frames: what === "context" ? contextFrames : frames };
}

/**
 * Decodes a file, cropped and resized as training images are. Clips use their first frames, and a
 * still picture as mask holds for all frames.
 *
 * @param decode decoder of still pictures
 * @param most pixels at most, of all frames together; default: the decoders' limit
 * @returns (3, S, S), or (3, T, S, S), in [-1, 1]
 * @throws {DataError} when it is no picture or too large, or a clip is too short
 */
export function decodeGiven(
  bytes: Uint8Array,
  what: Given,
  config: ExampleConfig,
  decode: Decode,
  most?: number,
): Float32Array<ArrayBuffer> {
  const { imageSize, frames } = config;
  const frame = () => resizeCrop(decode(bytes, most), imageSize);
  if (frames > 1) {
    const stored = moves(bytes) ? resizeClip(decodeClip(bytes, most), imageSize, frames) : frame();
    return clipOf(stored, what, config);
  }
  const image = new Float32Array(exampleSize(config));
  fillBatch(frame(), imageSize, image, imageSize);
  return image;
}

/**
 * A clip of the network's length.
 *
 * @param stored its frames, (F, 3, S, S), values 0..255
 * @returns (3, T, S, S) in [-1, 1]
 * @throws {DataError} when it is too short
 */
export function clipOf(
  stored: Uint8Array,
  what: Given,
  config: ExampleConfig,
): Float32Array<ArrayBuffer> {
  const { imageSize, frames } = config;
  const found = stored.length / (3 * imageSize ** 2);
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
    : stored.subarray(0, exampleSize(config));
  const clip = new Float32Array(exampleSize(config));
  fillBatch(pixels, imageSize, clip, imageSize, undefined, frames);
  return clip;
}

/**
 * White is painted, black is kept: the mean of the three channels.
 *
 * @param image (3, S, S), or (3, T, S, S), in [-1, 1]
 * @returns (S, S), or (T, S, S), 0 to 1
 */
export function maskOf(image: Float32Array): Float32Array<ArrayBuffer> {
  const plane = image.length / 3;
  return Float32Array.from(
    { length: plane },
    (_, i) => (image[i] + image[plane + i] + image[2 * plane + i] + 3) / 6,
  );
}

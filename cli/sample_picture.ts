/**
 * A picture that sampling begins from, and its mask.
 *
 * @module
 */
import { decodeImage } from "../src/data/decode_image.ts";
import { DataError } from "../src/data/errors.ts";
import { resizeCrop } from "../src/data/resize.ts";
import { sha256 } from "../src/model/identity.ts";
import { CommandError, fileReason } from "./errors.ts";

/** A picture with its file's hash. */
export interface Picture {
  /** (3, S, S) in [-1, 1]. */
  readonly image: Float32Array<ArrayBuffer>;
  readonly hash: string;
}

/**
 * Reads a PNG or JPEG file, cropped and resized as training images are.
 *
 * @throws {CommandError} when it can't be read
 */
export async function readPicture(path: string, size: number): Promise<Picture> {
  try {
    const bytes = await Deno.readFile(path);
    const pixels = resizeCrop(decodeImage(bytes), size);
    return {
      image: Float32Array.from(pixels, (value) => value / 127.5 - 1),
      hash: await sha256(bytes),
    };
  } catch (thrown) {
    const reason = thrown instanceof DataError ? thrown.message : fileReason(thrown);
    throw new CommandError(`Cannot read picture ${path}: ${reason}`);
  }
}

/** White is painted, black is kept: the mean of the three channels, (S, S) from 0 to 1. */
export function maskOf({ image }: Picture): Float32Array<ArrayBuffer> {
  const plane = image.length / 3;
  return Float32Array.from(
    { length: plane },
    (_, i) => (image[i] + image[plane + i] + image[2 * plane + i] + 3) / 6,
  );
}

/**
 * Moving pictures, GIF and PNG files, to their frames. Pure: no file access, so it runs anywhere.
 * @module
 */
import { type Clip, storedClip } from "./clip.ts";
import { decodeApng } from "./decode_apng.ts";
import { decodeGif } from "./decode_gif.ts";
import { pngChunks } from "./decode_png.ts";
import { pictureSize } from "../model/example.ts";
import { DataError } from "./errors.ts";
import { resizeCrop, type StoredPicture } from "./resize.ts";

export type { Clip };

/**
 * Decodes a GIF or PNG file, detected by its first bytes; one that doesn't move is a clip of one
 * frame.
 *
 * @param most pixels of all frames at most, 250 megapixels by default
 * @param alpha whether to keep transparency, instead of a white background
 * @throws {DataError} for another format, or a damaged file
 */
export function decodeClip(bytes: Uint8Array, most?: number, alpha?: boolean): Clip {
  if (startOf(bytes) === "GIF8") return decodeGif(bytes, most, alpha);
  if (startOf(bytes) === "\x89PNG") return decodeApng(bytes, most, alpha);
  throw new DataError("Cannot decode clip: it is neither GIF nor PNG; convert it to one of these");
}

/** Whether a file is one for {@linkcode decodeClip}: a GIF, or a PNG with an animation chunk. */
export function moves(bytes: Uint8Array): boolean {
  if (startOf(bytes) === "GIF8") return true;
  if (startOf(bytes) !== "\x89PNG") return false;
  // The chunk must come before the first pixels.
  for (const { type } of pngChunks(bytes)) {
    if (type === "acTL") return true;
    if (type === "IDAT") return false;
  }
  return false;
}

function startOf(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes.subarray(0, 4));
}

/**
 * Makes the frames of a clip for storage: resizes each to cover a size and cuts out its center.
 *
 * @param most frames, the first ones; all by default
 * @returns (F, C, H, W), values 0..255
 */
export function resizeClip(
  { frames, width, height, data }: Clip,
  picture: StoredPicture,
  most = frames,
): Uint8Array<ArrayBuffer> {
  const [from, to] = [data.length / frames, pictureSize(picture)];
  const count = Math.min(frames, most);
  const out = storedClip(count, picture);
  for (let i = 0; i < count; i++) {
    const frame = { width, height, data: data.subarray(i * from, (i + 1) * from) };
    resizeCrop(frame, picture, out.subarray(i * to, (i + 1) * to));
  }
  return out;
}

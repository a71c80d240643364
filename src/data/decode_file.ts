/**
 * One image file on disk to the pixels of a data set.
 * @module
 */
import { decodeImage } from "./decode_image.ts";
import { pictureSize } from "../model/example.ts";
import { DataError } from "./errors.ts";
import { resizeCrop, type StoredPicture } from "./resize.ts";

/** A longer file is no picture, or one that no decoder here would take. */
const MAX_BYTES = 256e6;

/**
 * Decodes a picture, resized to cover a size and its center cut out; of four channels with its
 * transparency.
 *
 * @param file its bytes, or the path of its file
 * @returns (C, H, W), values 0..255
 * @throws {DataError} when it is too long, damaged or of another format
 */
export function decodeFile(
  file: string | Uint8Array,
  picture: StoredPicture,
): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(pictureSize(picture));
  const bytes = typeof file === "string" ? readPicture(file) : file;
  resizeCrop(decodeImage(bytes, undefined, picture.channels === 4), picture, out);
  return out;
}

/**
 * The bytes of a picture's file.
 *
 * @throws {DataError} when it is too long to be one
 */
export function readPicture(path: string): Uint8Array {
  expectLength(Deno.statSync(path).size);
  return Deno.readFileSync(path);
}

/** @throws {DataError} when a file is too long to be a picture */
export function expectLength(length: number): void {
  if (length <= MAX_BYTES) return;
  throw new DataError(
    `Cannot decode image: the file has ${length} bytes, where ${MAX_BYTES} are accepted; make ` +
      `it smaller`,
  );
}

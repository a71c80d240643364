/**
 * Moving pictures: GIF and PNG files that move, and still pictures that are the frames of a clip.
 * @module
 */
import { type Clip, storedClip } from "./clip.ts";
import { decodeApng } from "./decode_apng.ts";
import { readPicture } from "./decode_file.ts";
import { decodeGif } from "./decode_gif.ts";
import { decodeImage } from "./decode_image.ts";
import { pngChunks } from "./decode_png.ts";
import { DataError } from "./errors.ts";
import type { ClipFile } from "./image_file.ts";
import { resizeCrop } from "./resize.ts";

export type { Clip };

/**
 * Decodes a GIF or PNG file, told apart by their first bytes; one that doesn't move is a clip of one
 * frame.
 *
 * @throws {DataError} for another format, or a damaged file
 */
export function decodeClip(bytes: Uint8Array): Clip {
  if (startOf(bytes) === "GIF8") return decodeGif(bytes);
  if (startOf(bytes) === "\x89PNG") return decodeApng(bytes);
  throw new DataError("Cannot decode clip: it is neither GIF nor PNG; convert it to one of these");
}

/** Whether a file is one for {@linkcode decodeClip}: a GIF, or a PNG that says that it moves. */
export function moves(bytes: Uint8Array): boolean {
  if (startOf(bytes) === "GIF8") return true;
  if (startOf(bytes) !== "\x89PNG") return false;
  // It must say so before its first pixels.
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
 * Reads and decodes a clip, the shorter side of each frame resized to R and its centre cut out.
 *
 * @param size R, in pixels
 * @returns (F, 3, R, R), values 0..255
 * @throws {DataError} when it is damaged or of another format, or its frames differ in size
 */
export function decodeClipFile(
  { paths, numbered }: Omit<ClipFile, "name">,
  size: number,
): Uint8Array<ArrayBuffer> {
  return numbered ? decodeFrames(paths, size) : resizeClip(decodeClip(readPicture(paths[0])), size);
}

function resizeClip({ frames, width, height, data }: Clip, size: number) {
  const [from, to] = [width * height * 3, 3 * size * size];
  const out = storedClip(frames, size);
  for (let i = 0; i < frames; i++) {
    const frame = { width, height, data: data.subarray(i * from, (i + 1) * from) };
    resizeCrop(frame, size, out.subarray(i * to, (i + 1) * to));
  }
  return out;
}

/** One at a time: a long clip of large frames would fill the memory. */
function decodeFrames(paths: readonly string[], size: number): Uint8Array<ArrayBuffer> {
  const each = 3 * size * size;
  const out = storedClip(paths.length, size);
  let first: { width: number; height: number } | undefined;
  paths.forEach((path, i) => {
    const bytes = readPicture(path);
    if (moves(bytes)) {
      throw new DataError(
        `${nameOf(path)} moves and ${nameOf(paths[0])} does not: put moving pictures and frames ` +
          `into folders of their own`,
      );
    }
    const frame = decodeImage(bytes);
    first ??= frame;
    if (frame.width !== first.width || frame.height !== first.height) {
      throw new DataError(
        `${nameOf(path)} is of ${frame.width}x${frame.height} pixels and ${nameOf(paths[0])} of ` +
          `${first.width}x${first.height}; make all frames the same size`,
      );
    }
    resizeCrop(frame, size, out.subarray(i * each, (i + 1) * each));
  });
  return out;
}

function nameOf(path: string): string {
  return path.split(/[/\\]/).at(-1)!;
}

/**
 * Clips on disk: GIF and PNG files that move, and still pictures that are the frames of a clip.
 * @module
 */
import { pictureSize } from "../model/example.ts";
import { storedClip } from "./clip.ts";
import { decodeClip, moves, resizeClip } from "./decode_clip.ts";
import { readPicture } from "./decode_file.ts";
import { decodeImage } from "./decode_image.ts";
import { DataError } from "./errors.ts";
import type { ClipFile } from "./image_file.ts";
import { resizeCrop, type StoredPicture } from "./resize.ts";

/**
 * Reads and decodes a clip, each frame resized to cover a size and its center cut out.
 *
 * @returns (F, C, H, W), values 0..255
 * @throws {DataError} when it is damaged or of another format, or its frames differ in size
 */
export function decodeClipFile(
  { paths, numbered }: Omit<ClipFile, "name">,
  picture: StoredPicture,
): Uint8Array<ArrayBuffer> {
  if (numbered) return decodeFrames(paths, picture);
  return resizeClip(
    decodeClip(readPicture(paths[0]), undefined, picture.channels === 4),
    picture,
  );
}

/** One at a time: a long clip of large frames would fill the memory. */
function decodeFrames(
  paths: readonly string[],
  picture: StoredPicture,
): Uint8Array<ArrayBuffer> {
  const each = pictureSize(picture);
  const out = storedClip(paths.length, picture);
  let first: { width: number; height: number } | undefined;
  paths.forEach((path, i) => {
    const bytes = readPicture(path);
    if (moves(bytes)) {
      throw new DataError(
        `${nameOf(path)} moves and ${nameOf(paths[0])} does not: put moving pictures and frames ` +
          `into folders of their own`,
      );
    }
    const frame = decodeImage(bytes, undefined, picture.channels === 4);
    first ??= frame;
    if (frame.width !== first.width || frame.height !== first.height) {
      throw new DataError(
        `${nameOf(path)} is of ${frame.width}x${frame.height} pixels and ${nameOf(paths[0])} of ` +
          `${first.width}x${first.height}; make all frames the same size`,
      );
    }
    resizeCrop(frame, picture, out.subarray(i * each, (i + 1) * each));
  });
  return out;
}

function nameOf(path: string): string {
  return path.split(/[/\\]/).at(-1)!;
}

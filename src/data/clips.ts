/**
 * Moving pictures: GIF and PNG files that move, and folders of numbered frames.
 * @module
 */
import { checkClip, type Clip } from "./clip.ts";
import { decodeApng } from "./decode_apng.ts";
import { decodeGif } from "./decode_gif.ts";
import { decodeImage } from "./decode_image.ts";
import { DataError, reasonOf } from "./errors.ts";
import { listImages } from "./folder.ts";

export type { Clip };

/**
 * Decodes a GIF or PNG file, told apart by their first bytes; one that doesn't move is a clip of one
 * frame.
 *
 * @throws {DataError} for another format, or a damaged file
 */
export function decodeClip(bytes: Uint8Array): Clip {
  const start = String.fromCharCode(...bytes.subarray(0, 4));
  if (start === "GIF8") return decodeGif(bytes);
  if (start === "\x89PNG") return decodeApng(bytes);
  throw new DataError("Cannot decode clip: it is neither GIF nor PNG; convert it to one of these");
}

/**
 * Reads a clip: a file for {@linkcode decodeClip}, or a folder whose pictures are its frames, in the
 * order of the numbers in their names ("frame9.png" before "frame10.png").
 *
 * @throws {DataError} when it can't be read or decoded, or the frames differ in size
 */
export async function readClip(path: string): Promise<Clip> {
  try {
    const { isDirectory } = await Deno.stat(path);
    return isDirectory ? await readFrames(path) : decodeClip(await Deno.readFile(path));
  } catch (thrown) {
    throw new DataError(`Cannot read clip ${path}: ${reasonOf(thrown)}`);
  }
}

async function readFrames(folder: string): Promise<Clip> {
  const files = (await listImages(folder)).sort((a, b) => byNumber(a.name, b.name));
  let data: Uint8Array | undefined;
  let [width, height] = [0, 0];
  for (const [i, { name, path }] of files.entries()) {
    const bytes = await Deno.readFile(path);
    const frame = decodeImage(bytes);
    if (data === undefined) {
      ({ width, height } = frame);
      checkClip("clip", { frames: files.length, width, height }, files.length * bytes.length);
      data = new Uint8Array(files.length * frame.data.length);
    }
    if (frame.width !== width || frame.height !== height) {
      throw new DataError(
        `${name} is of ${frame.width}x${frame.height} pixels and ${files[0].name} of ` +
          `${width}x${height}; make all frames the same size`,
      );
    }
    data.set(frame.data, i * frame.data.length);
  }
  return { frames: files.length, width, height, data: data! };
}

const numeric = new Intl.Collator("en", { numeric: true });

function byNumber(a: string, b: string): number {
  return numeric.compare(a, b) || (a < b ? -1 : 1);
}

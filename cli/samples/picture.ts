/**
 * A picture, or a clip, that sampling begins from, and its mask.
 *
 * @module
 */
import { decodeClipFile } from "../../src/data/clips.ts";
import { decodeImage } from "../../src/data/decode_image.ts";
import { DataError } from "../../src/data/errors.ts";
import { fillBatch } from "../../src/data/fill_batch.ts";
import { listClips } from "../../src/data/list_clips.ts";
import { concat } from "../../src/data/prepared_format.ts";
import { resizeCrop } from "../../src/data/resize.ts";
import { fileReason } from "../../src/files/errors.ts";
import { type ExampleConfig, exampleSize } from "../../src/model/example.ts";
import { sha256 } from "../../src/model/identity.ts";
import { CommandError } from "../errors.ts";

/** A picture with its file's hash. */
export interface Picture {
  /** (3, S, S), or (3, T, S, S), in [-1, 1]. */
  readonly image: Float32Array<ArrayBuffer>;
  readonly hash: string;
}

/**
 * Reads a picture, cropped and resized as training images are. For clips the first frames
 * of a clip that has enough of them; a mask may be a picture that doesn't move, for all frames.
 *
 * @throws {CommandError} when it can't be read
 */
export async function readPicture(
  what: "image" | "mask",
  path: string,
  config: ExampleConfig,
): Promise<Picture> {
  try {
    return config.frames > 1
      ? await readClip(what, path, config)
      : await readImage(path, config.imageSize);
  } catch (thrown) {
    const reason = thrown instanceof DataError ? thrown.message : fileReason(thrown);
    throw new CommandError(`Cannot read picture ${path}: ${reason}`);
  }
}

async function readImage(path: string, size: number): Promise<Picture> {
  const bytes = await Deno.readFile(path);
  const image = new Float32Array(3 * size ** 2);
  fillBatch(resizeCrop(decodeImage(bytes), size), size, image, size);
  return { image, hash: await sha256(bytes) };
}

async function readClip(
  what: "image" | "mask",
  path: string,
  config: ExampleConfig,
): Promise<Picture> {
  const { imageSize, frames } = config;
  const { clips: [clip, ...more] } = await listClips(path);
  if (more.length > 0) {
    throw new DataError(`it holds ${more.length + 1} clips, where one is needed`);
  }
  const stored = decodeClipFile(clip, imageSize);
  const found = stored.length / (3 * imageSize ** 2);
  if (found < frames && !(what === "mask" && found === 1)) {
    throw new DataError(
      `it has ${found} frame${found === 1 ? "" : "s"}, where the network's clips have ${frames}; ` +
        `give a longer clip`,
    );
  }
  const pixels = found < frames
    ? concat(Array<Uint8Array>(frames).fill(stored))
    : stored.subarray(0, exampleSize(config));
  const image = new Float32Array(exampleSize(config));
  fillBatch(pixels, imageSize, image, imageSize, undefined, frames);
  const files = await Promise.all(clip.paths.map((path) => Deno.readFile(path)));
  return { image, hash: await sha256(concat(files)) };
}

/** White is painted, black is kept: the mean of the three channels, (S, S) or (T, S, S), 0 to 1. */
export function maskOf({ image }: Picture): Float32Array<ArrayBuffer> {
  const plane = image.length / 3;
  return Float32Array.from(
    { length: plane },
    (_, i) => (image[i] + image[plane + i] + image[2 * plane + i] + 3) / 6,
  );
}

/**
 * A picture, or a clip, that sampling begins from or continues, from the disk.
 *
 * @module
 */
import { decodeClipFile } from "../../src/data/clips.ts";
import { decodeImage } from "../../src/data/decode_image.ts";
import { DataError } from "../../src/data/errors.ts";
import { clipOf, decodeGiven, type Given, shapeOf } from "../../src/data/given_picture.ts";
import { listClips } from "../../src/data/list_clips.ts";
import { concat } from "../../src/data/prepared_format.ts";
import { fileReason } from "../../src/files/errors.ts";
import type { DrawnConfig } from "../../src/model/example.ts";
import { sha256 } from "../../src/model/identity.ts";
import { CommandError } from "../errors.ts";

/** A picture with its file's hash. */
export interface Picture {
  /** (C, H, W), or (C, T, H, W), or of a context (C, N, H, W), in [-1, 1]. */
  readonly image: Float32Array<ArrayBuffer>;
  readonly hash: string;
}

/**
 * Reads a picture, cropped and resized as training images are. Clips use the first frames of a clip
 * that has enough of them; a still picture as mask holds for all frames.
 *
 * @throws {CommandError} when it can't be read
 */
export async function readPicture(
  what: Given,
  path: string,
  config: DrawnConfig,
): Promise<Picture> {
  try {
    const isFolder = config.frames > 1 && (await Deno.stat(path)).isDirectory;
    return await (isFolder ? readFolder : readImage)(what, path, config);
  } catch (thrown) {
    const reason = thrown instanceof DataError ? thrown.message : fileReason(thrown);
    throw new CommandError(`Cannot read picture ${path}: ${reason}`);
  }
}

async function readImage(
  what: Given,
  path: string,
  config: DrawnConfig,
): Promise<Picture> {
  const bytes = await Deno.readFile(path);
  return { image: decodeGiven(bytes, what, config, decodeImage), hash: await sha256(bytes) };
}

/** Reads a folder of numbered frames, or a folder with a single moving picture. */
async function readFolder(
  what: Given,
  path: string,
  config: DrawnConfig,
): Promise<Picture> {
  const { clips: [clip, ...more] } = await listClips(path);
  if (more.length > 0) {
    throw new DataError(`it holds ${more.length + 1} clips, where one is needed`);
  }
  const image = clipOf(decodeClipFile(clip, shapeOf(what, config)), what, config);
  const files = await Promise.all(clip.paths.map((path) => Deno.readFile(path)));
  return { image, hash: await sha256(concat(files)) };
}

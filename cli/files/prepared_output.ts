/**
 * The place of a prepared data set, and whether an existing one has the same pictures.
 *
 * @module
 */
import { isPrepared, PreparedFile } from "../../src/data/prepared_file.ts";
import { pictureOf, writtenShape } from "../../src/data/prepared_format.ts";
import type { StoredPicture } from "../../src/data/resize.ts";
import { hexHash } from "../../src/data/fingerprint.ts";
import type { Origin } from "./overwrite.ts";

/** The data to prepare. */
export interface Preparing {
  /** "faces", "emoji" or a real path. */
  readonly source: string;
  readonly picture: StoredPicture;
  readonly clips: boolean;
}

/**
 * The name in the current folder: the source's name, with a hash of its path where another source
 * has the plain name. One source has one name, so an interrupted preparation resumes.
 *
 * @param fingerprint of the source's files, which identifies an unfinished preparation
 */
export async function preparedName(wanted: Preparing, fingerprint: string): Promise<string> {
  const { source, picture: { imageSize, channels, resize = "bilinear" }, clips } = wanted;
  const base = source.split(/[/\\]/).filter(Boolean).at(-1) ?? "data";
  const kind = (channels === 3 ? "" : `-${channels}ch`) +
    (resize === "bilinear" ? "" : `-${resize}`);
  const stem = `${base}-${imageSize}px${kind}`;
  const plain = `${stem}.rindata`;
  if (await belongs(plain, wanted, fingerprint)) return plain;
  return `${stem}-${(await hexHash(clips ? `clips ${source}` : source)).slice(0, 8)}.rindata`;
}

/** Origin of the existing file. */
export async function preparedOrigin(path: string, wanted: Preparing): Promise<Origin> {
  const file = await PreparedFile.open(path).catch(() => undefined);
  // One that is damaged, or of another version, is rin's all the same.
  if (file === undefined) return await isPrepared(path).catch(() => false) ? "other" : "foreign";
  const { facts } = file.footer;
  file.close();
  const { imageSize, channels, resize } = pictureOf(facts);
  const same = facts.source === wanted.source && imageSize === wanted.picture.imageSize &&
    channels === wanted.picture.channels &&
    resize === writtenShape(wanted.picture).resize && file.clips === wanted.clips;
  return same ? "same" : "other";
}

async function belongs(path: string, wanted: Preparing, fingerprint: string): Promise<boolean> {
  if (await Deno.stat(path).then(() => true, () => false)) {
    return await preparedOrigin(path, wanted) === "same";
  }
  const log = await Deno.readTextFile(`${path}.part.log`).catch(() => "");
  return log === "" || log.includes(fingerprint);
}

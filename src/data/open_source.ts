/**
 * From the name of a data source to the list of its images, none of them decoded yet.
 * @module
 */
import { isNpy } from "../formats/npy.ts";
import { arraySource } from "./array_source.ts";
import { findCeleba, listCeleba } from "./celeba.ts";
import { DecodePool } from "./decode_pool.ts";
import { EMOJI_ATTRIBUTION, type EmojiSubset, listEmoji } from "./emoji.ts";
import { DataError, reasonOf } from "./errors.ts";
import { fingerprintOf } from "./fingerprint.ts";
import { listImages } from "./folder.ts";
import { idxSource } from "./idx_source.ts";
import type { ImageFile } from "./image_file.ts";
import { listClips } from "./list_clips.ts";
import { folderLabels } from "./labels.ts";
import { describeFormat, readableFormat, START } from "./picture_format.ts";
import type { Decoder, FolderMeaning, Source } from "./source.ts";
import { insideSplit, splitFolders } from "./split_folders.ts";

/**
 * Looks a data source up.
 *
 * @param name "faces", "emoji", a folder, an array that NumPy saved, or an IDX file
 * @param onNote told in one sentence when a data set is about to be fetched, folders are splits, or
 * arrays are taken by their names
 * @param folders what folders called train, val and test are; splits by default
 * @throws {DataError} when there is nothing that can be used
 */
export async function openSource(
  name: string,
  onNote?: (sentence: string) => void,
  folders: FolderMeaning = "auto",
): Promise<Source> {
  if (name === "faces" || name === "emoji") {
    const subset: EmojiSubset = name === "faces" ? "faces" : "all";
    const files = await listEmoji(subset, { onFetch: onNote });
    // 118 pictures are there to be learnt by heart; of all, figures were measured with every 20th
    // held out.
    const heldOut = Uint8Array.from(files, (_, i) => name === "emoji" && i % 20 === 0 ? 1 : 0);
    return await ofFiles(name, files, { heldOut, attribution: EMOJI_ATTRIBUTION });
  }
  const info = await statOf(name, `"faces", "emoji", ${WANTED}`);
  if (!info.isDirectory) {
    const isArrays = await kindOfFile(name) === "arrays";
    return isArrays ? await arraySource(name, false, onNote) : await idxSource(name);
  }
  const celeba = await findCeleba(name);
  if (!celeba) {
    const { files, leftOut } = await listImages(name);
    const splits = folders === "auto" ? splitFolders(files) : undefined;
    if (!splits) return await ofFiles(name, files, { leftOut });
    onNote?.(splits.note);
    const source = await ofFiles(name, splits.files, {
      leftOut,
      heldOut: splits.heldOut,
      fixedSplit: true,
    });
    const labels: Source["labels"] = (indices) =>
      Promise.resolve(folderLabels(indices.map((index) => insideSplit(source.names[index]))));
    return { ...source, labels };
  }
  const { train, valid } = await listCeleba(celeba);
  const heldOut = new Uint8Array(train.length + valid.length).fill(1, train.length);
  return await ofFiles(name, [...train, ...valid], { heldOut, fixedSplit: true });
}

/**
 * Looks a source of clips up: a folder of them, one of them, or an array that NumPy saved.
 *
 * @param onNote told in one sentence which array was taken as what
 * @throws {DataError} when there is nothing that can be used
 */
export async function openClips(
  name: string,
  onNote?: (sentence: string) => void,
): Promise<Source> {
  if (name === "faces" || name === "emoji") {
    throw new DataError(
      `Cannot load clips from ${name}: its pictures don't move; give --data DIR, a folder of GIF or ` +
        `animated PNG files or of folders of numbered frames`,
    );
  }
  const info = await statOf(
    name,
    "a folder of clips, a GIF or animated PNG file, an array of them (.npz or .npy), or what rin " +
      "data prepare made",
  );
  if (info.isFile && isArrays(await startOf(name))) return await arraySource(name, true, onNote);
  const { clips, leftOut } = await listClips(name);
  const names = clips.map((clip) => clip.name);
  const files = clips.flatMap(({ name, paths }) => paths.map((path) => ({ name, path })));
  return {
    name,
    clips: true,
    names,
    fingerprint: await fingerprintOf(files),
    fixedSplit: false,
    leftOut,
    decoder: (imageSize) => ofPool((pool, index) => pool.decode(clips[index], imageSize)),
    labels: (indices) => Promise.resolve(folderLabels(indices.map((index) => names[index]))),
  };
}

/** @throws {DataError} when there is nothing of that name */
async function statOf(name: string, wanted: string): Promise<Deno.FileInfo> {
  return await Deno.stat(name).catch((thrown) => {
    const found = thrown instanceof Deno.errors.NotFound
      ? "there is no such file or folder"
      : reasonOf(thrown);
    throw new DataError(`Cannot load ${name}: ${found}; give ${wanted}`);
  });
}

function ofPool(decode: (pool: DecodePool, index: number) => Promise<Uint8Array>): Decoder {
  const pool = new DecodePool();
  return {
    capacity: pool.capacity,
    decode: (index) => decode(pool, index),
    close: () => pool.close(),
  };
}

async function ofFiles(
  name: string,
  files: readonly ImageFile[],
  parts: Pick<Source, "heldOut" | "attribution" | "leftOut"> & { readonly fixedSplit?: boolean } =
    {},
): Promise<Source> {
  const names = files.map((file) => file.name);
  return {
    name,
    names,
    fingerprint: await fingerprintOf(files, parts.heldOut),
    fixedSplit: false,
    ...parts,
    decoder: (imageSize) => ofPool((pool, index) => pool.decode(files[index].path, imageSize)),
    labels: (indices) => Promise.resolve(folderLabels(indices.map((index) => names[index]))),
  };
}

const WANTED = "a folder of pictures, an array of them (.npz or .npy), an IDX file, or what rin " +
  "data prepare made";

/** A file's first bytes. @throws {DataError} when it can't be read */
async function startOf(name: string): Promise<Uint8Array> {
  const start = new Uint8Array(START);
  using file = await Deno.open(name).catch((thrown) => {
    throw new DataError(`Cannot read ${name}: ${reasonOf(thrown)}; check its permissions`);
  });
  return start.subarray(0, await file.read(start) ?? 0);
}

function isArrays(start: Uint8Array): boolean {
  return isNpy(start) || start[0] === 0x50 && start[1] === 0x4b;
}

/** Which reader a file is for. @throws {DataError} saying what a file is that none reads */
async function kindOfFile(name: string): Promise<"arrays" | "idx"> {
  const found = await startOf(name);
  if (isArrays(found)) return "arrays";
  const gzip = found[0] === 0x1f && found[1] === 0x8b;
  const idx = found[0] === 0 && found[1] === 0;
  if (gzip || (idx && !readableFormat(found))) return "idx";
  const single = readableFormat(found) !== undefined;
  const what = found.length === 0 ? "an empty file" : describeFormat(found);
  const then = single
    ? "give the folder that it lies in"
    : /\.(tar|tgz)$/i.test(name)
    ? "unpack it, and give the folder of its pictures"
    : "give such a folder or file";
  throw new DataError(
    `Cannot load ${name}: it is ${single ? "a single picture, " : ""}${what}, where ${WANTED} is ` +
      `needed; ${then}`,
  );
}

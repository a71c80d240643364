/**
 * From the name of a data source to the list of its images, none of them decoded yet.
 * @module
 */
import { findCeleba, listCeleba } from "./celeba.ts";
import { DECODERS } from "./decode_image.ts";
import { DecodePool } from "./decode_pool.ts";
import { EMOJI_ATTRIBUTION, type EmojiSubset, listEmoji } from "./emoji.ts";
import { DataError, reasonOf } from "./errors.ts";
import { listImages } from "./folder.ts";
import { idxImage, idxName, labelsBeside, readIdx } from "./idx.ts";
import type { ImageFile } from "./image_file.ts";
import type { LeftOut } from "./left_out.ts";
import { listClips } from "./list_clips.ts";
import { folderLabels, type Labels, namedLabels, numberedLabels } from "./labels.ts";
import { describeFormat, readableFormat, START } from "./picture_format.ts";
import { insideSplit, splitFolders } from "./split_folders.ts";
import { sha256 } from "./prepared_format.ts";

/** Decodes the images of a source, several at a time. */
export interface Decoder {
  /** Images that keep it busy. */
  readonly capacity: number;
  /** (3, R, R) of an image, (F, 3, R, R) of a clip; rejects where it can't be decoded. */
  decode(index: number): Promise<Uint8Array>;
  close(): void;
}

/** Images, or clips, that are there to be decoded. */
export interface Source {
  /** "faces", "emoji" or a path. */
  readonly name: string;
  /** Whether it is one of clips; absent of images. */
  readonly clips?: true;
  /** One name per image or clip, the same on every machine. */
  readonly names: readonly string[];
  /**
   * Changes whenever an image is added, taken away, written again or decoded to other pixels, and
   * with the source's own splits and labels.
   */
  readonly fingerprint: string;
  /** 1 for images held out; only where the source has splits of its own. */
  readonly heldOut?: Uint8Array;
  /** Whether these splits stay where a share is asked for. */
  readonly fixedSplit: boolean;
  readonly attribution?: string;
  /** What of a folder is no picture; absent of other sources. */
  readonly leftOut?: LeftOut;
  /** Starts to decode at R x R pixels. */
  decoder(imageSize: number): Decoder;
  /** The source's own labels of some of its images. */
  labels(indices: readonly number[]): Promise<Labels | undefined>;
}

/** What first folders are: splits where they are called so, else classes; or classes in any case. */
export type FolderMeaning = "auto" | "classes";

/**
 * Looks a data source up.
 *
 * @param name "faces", "emoji", a folder, or an IDX file
 * @param onNote told in one sentence when a data set is about to be fetched, or folders are splits
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
    const source = await ofFiles(name, files, { heldOut, attribution: EMOJI_ATTRIBUTION });
    if (subset === "faces") return source;
    const categories = files.map(({ category }) => category);
    return {
      ...source,
      fingerprint: await hexHash([source.fingerprint, ...categories].join("\n")),
      labels: (indices) => Promise.resolve(namedLabels(indices.map((index) => categories[index]))),
    };
  }
  const info = await statOf(
    name,
    `"faces", "emoji", a folder of pictures, an IDX file, or what rin data prepare made`,
  );
  if (!info.isDirectory) return await ofIdx(name, info);
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
 * Looks a source of clips up: a folder of them, or one of them.
 *
 * @throws {DataError} when there is nothing that can be used
 */
export async function openClips(name: string): Promise<Source> {
  if (name === "faces" || name === "emoji") {
    throw new DataError(
      `Cannot load clips from ${name}: its pictures don't move; give --data DIR, a folder of GIF or ` +
        `animated PNG files or of folders of numbered frames`,
    );
  }
  await statOf(
    name,
    "a folder of clips, a GIF or animated PNG file, or what rin data prepare made",
  );
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

async function ofIdx(name: string, { size, mtime }: Deno.FileInfo): Promise<Source> {
  await refuseOthers(name);
  const images = await readIdx(name);
  if (images.kind === "labels") {
    throw new DataError(`Cannot train on ${name}: it holds labels; give the file of images`);
  }
  const { count, rows, columns } = images;
  if (count * rows * columns === 0) {
    throw new DataError(`Cannot load ${name}: it holds no images; give a file that has some`);
  }
  const labels = await labelsBeside(name);
  return {
    name,
    names: Array.from({ length: count }, (_, i) => idxName(i)),
    fingerprint: await hexHash(
      `${size} ${mtime?.getTime()}` + (labels ? `\n${stateOf("labels", labels)}` : ""),
    ),
    fixedSplit: false,
    decoder: (imageSize) => ({
      capacity: 1,
      decode: (index) => Promise.resolve(idxImage(images, index, imageSize)),
      close: () => {},
    }),
    async labels(indices) {
      if (labels === undefined) return undefined;
      const read = await readIdx(labels);
      return read.kind === "labels" ? numberedLabels(read.data, indices, labels) : undefined;
    },
  };
}

/** @throws {DataError} saying what a file is that is no IDX file */
async function refuseOthers(name: string): Promise<void> {
  const start = new Uint8Array(START);
  using file = await Deno.open(name).catch((thrown) => {
    throw new DataError(`Cannot read ${name}: ${reasonOf(thrown)}; check its permissions`);
  });
  const found = start.subarray(0, await file.read(start) ?? 0);
  const gzip = found[0] === 0x1f && found[1] === 0x8b;
  const idx = found[0] === 0 && found[1] === 0;
  if (gzip || (idx && !readableFormat(found))) return;
  const single = readableFormat(found) !== undefined;
  const what = found.length === 0 ? "an empty file" : describeFormat(found);
  const then = single
    ? "give the folder that it lies in"
    : /\.(npz|zip|tar|tgz)$/i.test(name)
    ? "unpack it, and give the folder of its pictures"
    : "give such a folder or file";
  throw new DataError(
    `Cannot load ${name}: it is ${single ? "a single picture, " : ""}${what}, where a folder of ` +
      `pictures, an IDX file or what rin data prepare made is needed; ${then}`,
  );
}

/**
 * Follows the decoders, names, sizes and times of change, and which are held out; a file that is gone
 * counts too.
 */
async function fingerprintOf(
  files: readonly ImageFile[],
  heldOut?: Uint8Array,
): Promise<string> {
  const lines = files.map(({ name, path }, i) =>
    stateOf(name, path) + (heldOut?.[i] ? " held out" : "")
  );
  return await hexHash([`decoders ${DECODERS}`, ...lines].join("\n"));
}

function stateOf(name: string, path: string): string {
  try {
    const { size, mtime } = Deno.statSync(path);
    return `${name} ${size} ${mtime?.getTime()}`;
  } catch {
    return `${name} -`;
  }
}

/** SHA-256 of a text, in hexadecimal. */
export async function hexHash(text: string): Promise<string> {
  const hash = await sha256(new TextEncoder().encode(text));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

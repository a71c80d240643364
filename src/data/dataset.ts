/**
 * From the name of a data source to training and validation images, or clips.
 *
 * Every source is decoded once, into a prepared file in the cache folder, and read from there; the
 * next run with the same files starts at once.
 * @module
 */
import type { Channels } from "../model/config.ts";
import { type PictureConfig, pictureSize } from "../model/example.ts";
import { type ImageSize, sidesOf } from "../model/image_size.ts";
import { removeAbandoned } from "./abandoned.ts";
import { cacheFolder, makeCache } from "./cache_folder.ts";
import { folderOf } from "../files/target.ts";
import { type LabelChoice, labelsOf } from "./choose_labels.ts";
import { identityOf } from "./data_identity.ts";
import { DataError } from "./errors.ts";
import type { ImageSet, Skipped, Splits } from "./image_set.ts";
import { type LeftOut, withLostFolders } from "./left_out.ts";
import { prepare } from "./prepare.ts";
import { isPrepared, PreparedFile, spanOf, type Windows } from "./prepared_file.ts";
import { pictureOf } from "./prepared_format.ts";
import { hexHash } from "./fingerprint.ts";
import { openClips, openSource } from "./open_source.ts";
import type { FolderMeaning } from "./source.ts";
import { isHeldOut } from "./split.ts";

export type { ImageSet, LabelChoice, Skipped, Splits };

/** The data to load. */
export interface DataOptions {
  /**
   * "faces" (118 emoji faces), "emoji" (all 3,786), a folder of pictures, a tar archive of them, a
   * folder with CelebA or CIFAR, an array of pictures (.npz or .npy), an IDX file, or a file from
   * `rin data prepare`. A folder that is itself called faces is given as "./faces".
   */
  readonly source: string;
  /** Height and width in pixels: every image becomes (C, H, W). */
  readonly imageSize: ImageSize;
  /** C: 1 for gray, 3 (default) for RGB, 4 for RGB and opacity. */
  readonly channels?: Channels;
  /**
   * T: load clips of at least so many frames, each a GIF or animated PNG file or a folder of
   * numbered frames; 1, the default, for images. The source is then a folder of clips, one clip, or
   * a file from `rin data prepare --clips`.
   */
  readonly frames?: number;
  /** From one frame that is read to the next, in frames of the clip; 1 by default. */
  readonly frameStride?: number;
  /**
   * The share held out for validation, in [0, 1), chosen by a hash of each name. By default 0.05;
   * but "faces" holds nothing out and "emoji" every 20th by name, and a prepared file uses the
   * share that it was prepared with. Where nothing is held out, validation uses the training
   * images. CelebA has its own splits and ignores this.
   */
  readonly validFraction?: number;
  /**
   * Meaning of folders called train, val and test: with "auto", the default, splits; with
   * "classes", classes as any other folder.
   */
  readonly folders?: FolderMeaning;
  /** Source of the images' classes; no classes by default. */
  readonly labels?: LabelChoice;
  /** Folder of prepared files; `prepared` in the cache folder by default. */
  readonly cache?: string;
  /** Called as files are decoded, with the number done of all; not where they were before. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Told in one sentence when something is about to take long. */
  readonly onNote?: (sentence: string) => void;
}

/**
 * Opens a data source, decoding it on first use.
 *
 * @throws {DataError} when the source, or an option, can't be used as given
 *
 * @example
 * ```ts
 * const { train, valid, close } = await loadSplits({ source: "faces", imageSize: 32 });
 * console.log(train.count, valid.count, (await train.read([0])).length);
 * close();
 * ```
 */
export async function loadSplits(options: DataOptions): Promise<Splits> {
  checkPicture(options.source, pictureOf(options));
  checkFraction(options.source, options.validFraction);
  const { file, leftOut } = await openPrepared(options);
  try {
    return await splitsOf(file, options, leftOut);
  } catch (thrown) {
    file.close();
    throw thrown;
  }
}

/** Opens the prepared file, and notes the files left out of the folder as it is now. */
async function openPrepared(
  options: DataOptions,
): Promise<{ readonly file: PreparedFile; readonly leftOut?: LeftOut }> {
  const { source: name, frames = 1, onProgress, onNote } = options;
  const picture = pictureOf(options);
  const { imageSize, channels } = picture;
  const clips = frames > 1;
  if (await isPrepared(name).catch(() => false)) {
    const file = await PreparedFile.open(name);
    const found = pictureOf(file.footer.facts);
    const same = found.imageSize === imageSize && found.channels === channels;
    if (same && file.clips === clips) return { file };
    file.close();
    throw new DataError(
      file.clips === clips
        ? found.imageSize === imageSize
          ? `Cannot use ${name} with ${counted(channels)}: its images were prepared with ` +
            `${found.channels}; prepare it again with --channels ${channels}, or train with ` +
            `--channels ${found.channels}`
          : `Cannot use ${name} at image size ${imageSize}: its images were prepared at ` +
            `${found.imageSize}; prepare it again with --image-size ${imageSize}, or train at that ` +
            `size`
        : clips
        ? `Cannot load clips from ${name}: it holds images; prepare clips with --clips`
        : `Cannot load images from ${name}: it holds clips; train on them with --frames`,
    );
  }
  const source = clips
    ? await openClips(name, onNote)
    : await openSource(name, onNote, options.folders);
  const path = await preparedPath(options);
  const known = await openFingerprint(path, source.fingerprint);
  if (known) return { file: known, leftOut: await leftOutNow(known, source.leftOut) };
  // Few images are done before anybody has read the sentence; the length of clips isn't known yet.
  if (source.names.length > 1000) {
    const megabytes = (source.names.length * pictureSize(picture) / 1e6).toFixed(0);
    const what = clips ? "clips" : "images";
    const size = clips ? "" : ` (${megabytes} MB)`;
    onNote?.(
      `Decoding ${source.names.length} ${what} into ${path}${size}, once; Ctrl-C stops, and ` +
        `the same command continues from there`,
    );
  }
  // The preparation reports a folder that can't be made.
  if (options.cache === undefined) await makeCache(cacheFolder()).catch(() => {});
  await removeAbandoned(folderOf(path));
  await prepare(source, path, { picture, onProgress });
  return { file: await PreparedFile.open(path) };
}

/** The same images can lie among other files than when they were prepared. */
async function leftOutNow(file: PreparedFile, listed?: LeftOut): Promise<LeftOut | undefined> {
  const { leftOut } = file.footer.facts;
  if (!listed || !leftOut) return listed;
  const folders = [...new Set([...leftOut.folders, ...listed.folders])].sort();
  // Names are many, and read only where they are needed.
  const names = folders.length > 0 ? await file.names() : [];
  return withLostFolders({ ...listed, folders }, names, names);
}

/** One file for a source at a size and with some channels, so that a changed folder's old images are replaced. */
async function preparedPath(
  { source, frames = 1, cache, ...options }: DataOptions,
): Promise<string> {
  const folder = cache ?? `${cacheFolder()}/prepared`;
  const builtIn = source === "faces" || source === "emoji";
  const place = builtIn ? source : await Deno.realPath(source);
  const name = place.split(/[/\\]/).at(-1)!.replace(/[^\w.-]/g, "_").slice(0, 40);
  const kind = frames > 1 ? "-clips" : "";
  const { imageSize, channels } = pictureOf(options);
  const shape = `${imageSize}px${channels === 3 ? "" : `-${channels}ch`}`;
  return `${folder}/${name}${kind}-${shape}-${(await hexHash(place)).slice(0, 8)}.rindata`;
}

function counted(channels: Channels): string {
  return `${channels} channel${channels === 1 ? "" : "s"}`;
}

/** Opens a prepared file, if it exists, is whole, and has these images. */
async function openFingerprint(path: string, fingerprint: string) {
  const file = await PreparedFile.open(path).catch(() => undefined);
  if (file?.footer.facts.fingerprint === fingerprint) return file;
  file?.close();
  return undefined;
}

async function splitsOf(
  file: PreparedFile,
  options: DataOptions,
  listed?: LeftOut,
): Promise<Splits> {
  const { source, validFraction, labels: choice = { from: "none" }, onNote } = options;
  const { frames = 1, frameStride = 1 } = options;
  const { facts: { count, skipped, attribution, fixedSplit, ...facts }, heldOut } = file.footer;
  const leftOut = listed ?? facts.leftOut;
  const { labels, without } = await labelsOf(file, source, choice, onNote);
  let held = heldOut;
  if (validFraction !== undefined && !fixedSplit) {
    const names = await file.names();
    held = Uint8Array.from(names, (name) => isHeldOut(name, validFraction) ? 1 : 0);
  }
  const windows = { frames, stride: frameStride };
  const short = await tooShort(file, source, windows);
  const isUsed = (i: number) => !short.has(i) && without?.[i] !== 1;
  const all = Uint32Array.from({ length: count }, (_, i) => i).filter(isUsed);
  const [trainMembers, validMembers] = [0, 1].map((side) => all.filter((i) => held[i] === side));
  // Where one side would be empty, both are all images: the figures then measure memorization, the
  // only thing left to measure.
  const shared = trainMembers.length === 0 || validMembers.length === 0;
  const train = file.set(source, shared ? all : trainMembers, labels, windows);
  const valid = shared ? train : file.set(`${source} (valid)`, validMembers, labels, windows);
  return {
    train,
    valid,
    skipped: [...leftOut?.unreadable ?? [], ...skipped, ...short.values()],
    leftOut,
    identity: await identityOf(
      file,
      Uint8Array.from({ length: count }, (_, i) => isUsed(i) ? held[i] : 2),
      labels,
    ),
    attribution,
    path: file.path,
    close: () => file.close(),
  };
}

/**
 * The clips that are shorter than a window, by their numbers.
 *
 * @throws {DataError} when all are
 */
async function tooShort(
  file: PreparedFile,
  source: string,
  windows: Windows,
): Promise<Map<number, Skipped>> {
  const { lengths } = file.footer;
  const span = spanOf(windows);
  const short = Array.from(lengths ?? []).flatMap((length, i) => length < span ? [i] : []);
  if (!lengths || short.length === 0) return new Map();
  const { frames, stride } = windows;
  const taken = `${span} frames` + (stride === 1 ? "" : ` (${frames}, ${stride} apart)`);
  if (short.length === lengths.length) {
    const most = lengths.reduce((most, length) => Math.max(most, length), 0);
    throw new DataError(
      `Cannot take ${taken} of each clip of ${source}: the longest of its ${lengths.length} clips has ` +
        `${most}; give fewer --frames, or longer clips`,
    );
  }
  const names = await file.names();
  return new Map(short.map((i) => [i, {
    name: names[i],
    reason: `it has ${lengths[i]} frames, where ${taken} are taken`,
  }]));
}

/** @throws {DataError} when pictures can't have this size, or these channels */
export function checkPicture(source: string, { imageSize, channels }: PictureConfig): void {
  if (![1, 3, 4].includes(channels)) {
    throw new DataError(
      `Cannot load ${source} with ${channels} channels: expected 1 (gray), 3 (RGB) or 4 (RGB and ` +
        `opacity)`,
    );
  }
  if (Object.values(sidesOf(imageSize)).every((side) => Number.isInteger(side) && side >= 1)) {
    return;
  }
  throw new DataError(
    `Cannot load ${source} at image size ${imageSize}: expected a whole number above 0, or two as ` +
      "WIDTHxHEIGHT",
  );
}

/** @throws {DataError} when there is a share and it isn't in [0, 1) */
export function checkFraction(source: string, validFraction: number | undefined): void {
  if (validFraction === undefined || (validFraction >= 0 && validFraction < 1)) return;
  throw new DataError(
    `Cannot hold out a share of ${validFraction} of ${source}: give one from 0 up to, not ` +
      `including, 1`,
  );
}

/**
 * From the name of a data source to training and validation images in memory.
 * @module
 */
import { findCeleba, listCeleba } from "./celeba.ts";
import { EMOJI_ATTRIBUTION, listEmoji } from "./emoji.ts";
import { DataError, reasonOf } from "./errors.ts";
import { listImages } from "./folder.ts";
import { idxName, idxToImageSet, parseIdx } from "./idx.ts";
import type { ImageSet, Skipped } from "./image_set.ts";
import { type ImageFile, loadImages, noneDecodable } from "./load_images.ts";
import type { MemorySet } from "./memory_set.ts";
import { DEFAULT_VALID_FRACTION, type Parts, splitByName, splitEvery20th } from "./split.ts";

export type { ImageSet, Skipped };

/** What to train on and what to measure on. */
export interface Splits {
  /** To train on. */
  readonly train: MemorySet;
  /** To measure on; the same object as `train` where the set is to be learnt by heart. */
  readonly valid: MemorySet;
}

/** What to load. */
export interface DataOptions {
  /**
   * "faces" (118 emoji faces), "emoji" (all 3,786), a folder of PNG and JPEG files, a folder with
   * CelebA, or an IDX file. A folder that is itself called faces is given as "./faces".
   */
  readonly source: string;
  /** S, in pixels: every image becomes (3, S, S). */
  readonly imageSize: number;
  /**
   * The share held out for validation, in [0, 1), chosen by a hash of each name. By default 0.05;
   * but "faces" holds nothing out and "emoji" every 20th by name. Where nothing is held out,
   * validation uses the training images. CelebA has its own splits and ignores this.
   */
  readonly validFraction?: number;
  /** Called as files are decoded, with the number done of the number in both splits. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Told in one sentence when a data set is about to be fetched. */
  readonly onFetch?: (sentence: string) => void;
}

/**
 * Loads a data source into memory.
 *
 * @throws {DataError} when the source, or an option, can't be used as given
 *
 * @example
 * ```ts
 * const { train, valid } = await loadSplits({ source: "faces", imageSize: 32 });
 * console.log(train.count, valid.count, train.attribution);
 * ```
 */
export async function loadSplits(options: DataOptions): Promise<Splits> {
  checkOptions(options);
  const { source, validFraction, onFetch } = options;
  if (source === "faces") {
    const files = await listEmoji("faces", { onFetch });
    // 118 pictures are there to be learnt by heart, and no six of them stand for the others.
    const parts = validFraction === undefined
      ? { train: files, valid: files }
      : splitByName(files, nameOf, validFraction);
    return await loadFiles(parts, options, EMOJI_ATTRIBUTION);
  }
  if (source === "emoji") {
    const files = await listEmoji("all", { onFetch });
    // Reference figures were measured with every 20th held out.
    const parts = validFraction === undefined
      ? splitEvery20th(files)
      : splitByName(files, nameOf, validFraction);
    return await loadFiles(parts, options, EMOJI_ATTRIBUTION);
  }
  const { isDirectory } = await statSource(source);
  if (!isDirectory) return await loadIdx(options);
  const celeba = await findCeleba(source);
  if (celeba) return await loadFiles(await listCeleba(celeba), options);
  return await loadFiles(splitByName(await listImages(source), nameOf, validFraction), options);
}

function nameOf(file: ImageFile): string {
  return file.name;
}

function checkOptions({ source, imageSize, validFraction = DEFAULT_VALID_FRACTION }: DataOptions) {
  if (!Number.isInteger(imageSize) || imageSize < 1) {
    throw new DataError(
      `Cannot load ${source} at image size ${imageSize}: it must be a positive integer`,
    );
  }
  if (!(validFraction >= 0 && validFraction < 1)) {
    throw new DataError(
      `Cannot hold out a share of ${validFraction} of ${source}: give one from 0 up to, not ` +
        `including, 1`,
    );
  }
}

async function statSource(source: string): Promise<Deno.FileInfo> {
  try {
    return await Deno.stat(source);
  } catch (thrown) {
    const found = thrown instanceof Deno.errors.NotFound
      ? "there is no such file or folder"
      : reasonOf(thrown);
    throw new DataError(
      `Cannot load ${source}: ${found}; give "faces", "emoji", a folder of PNG or JPEG files, or ` +
        `an IDX file`,
    );
  }
}

async function loadFiles(
  { train, valid }: Parts<ImageFile>,
  { source, imageSize, onProgress }: DataOptions,
  attribution?: string,
): Promise<Splits> {
  const shared = sameFiles(train, valid);
  const total = train.length + (shared ? 0 : valid.length);
  let done = 0;
  const load = (name: string, files: readonly ImageFile[]) =>
    loadImages(files, {
      name,
      imageSize,
      attribution,
      mayBeEmpty: true,
      onImage: () => onProgress?.(++done, total),
    });
  const trainSet = await load(source, train);
  const validSet = shared ? trainSet : await load(`${source} (valid)`, valid);
  if (trainSet.count > 0 && validSet.count > 0) return { train: trainSet, valid: validSet };
  return bothFrom(source, shared ? [trainSet] : [trainSet, validSet]);
}

/** Where all files of one side are broken, the other is both sides. */
function bothFrom(source: string, sets: readonly MemorySet[]): Splits {
  const skipped = sets.flatMap((set) => set.skipped);
  const good = sets.find(({ count }) => count > 0);
  if (!good) throw noneDecodable(source, skipped);
  const only = { ...good, name: source, skipped };
  return { train: only, valid: only };
}

/** The splits are either disjoint or the same. */
function sameFiles(a: readonly ImageFile[], b: readonly ImageFile[]): boolean {
  return a[0] === b[0];
}

async function loadIdx({ source, imageSize, validFraction, onProgress }: DataOptions) {
  let bytes: Uint8Array;
  try {
    bytes = await Deno.readFile(source);
  } catch (thrown) {
    throw new DataError(`Cannot read ${source}: ${reasonOf(thrown)}; check its permissions`);
  }
  const idx = await parseIdx(bytes, source);
  if (idx.kind === "labels") {
    throw new DataError(`Cannot train on ${source}: it holds labels; give the file of images`);
  }
  const all = Array.from({ length: idx.count }, (_, i) => i);
  const parts = splitByName(all, idxName, validFraction);
  const train = idxToImageSet(idx, imageSize, source, parts.train);
  const shared = parts.train[0] === parts.valid[0];
  const valid = shared ? train : idxToImageSet(idx, imageSize, `${source} (valid)`, parts.valid);
  onProgress?.(idx.count, idx.count);
  return { train, valid };
}

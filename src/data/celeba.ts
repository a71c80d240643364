/**
 * CelebA in the layout it is distributed in.
 * @module
 */
import { readText } from "../files/read_text.ts";
import { DataError, reasonOf } from "./errors.ts";
import type { ImageFile } from "./image_file.ts";

const IMAGES = "img_align_celeba";
/** Names of the list in the distribution, and on Kaggle. */
const LISTS = ["list_eval_partition.txt", "list_eval_partition.csv"];
const [LIST] = LISTS;

/** The official splits, as file names in the list's order. */
export interface CelebaPartition {
  /** Marked 0 in the list; 162,770 in the full set. */
  readonly train: readonly string[];
  /** Marked 1; 19,867 in the full set. */
  readonly valid: readonly string[];
  /** Marked 2; 19,962 in the full set. */
  readonly test: readonly string[];
}

/** The place of a copy of CelebA. */
export interface CelebaFolder {
  /** The folder of JPEG files. */
  readonly images: string;
  /** The path of list_eval_partition.txt, or of Kaggle's .csv. */
  readonly list: string;
}

/**
 * Looks for CelebA at a folder: `DIR/img_align_celeba/` (or DIR itself being it), which Kaggle puts
 * into another folder of that name, with `list_eval_partition.txt` (Kaggle's: `.csv`) in DIR, in the
 * folder of images, or up to two folders above the images.
 *
 * @returns undefined when the folder isn't CelebA
 * @throws {DataError} when the images are there under DIR but the list isn't
 */
export async function findCeleba(folder: string): Promise<CelebaFolder | undefined> {
  const path = folder.replace(/[/\\]+$/, "") || folder;
  const isImages = (await realName(path)) === IMAGES;
  const outer = isImages ? path : `${path}/${IMAGES}`;
  if (!isImages && !(await exists(outer))) return undefined;
  const images = await exists(`${outer}/${IMAGES}`) ? `${outer}/${IMAGES}` : outer;
  for (const place of placesOf(path, images)) {
    for (const name of LISTS) {
      if (await exists(`${place}/${name}`)) return { images, list: `${place}/${name}` };
    }
  }
  // Asked for the images themselves, a plain folder of pictures is a sensible reading.
  if (isImages) return undefined;
  throw new DataError(
    `Cannot load CelebA from ${folder}: found ${IMAGES}/ but no ${LIST} in that folder or beside ` +
      `it; put the list there, or give ${images} to use it as a plain folder`,
  );
}

/** The folders that can hold CelebA's lists. */
export function placesOf(...folders: readonly string[]): string[] {
  return folders.flatMap((folder) => [folder, `${folder}/..`, `${folder}/../..`]);
}

/**
 * Parses list_eval_partition.txt: one `NAME SPLIT` a line, SPLIT being 0, 1 or 2; or the same with a
 * comma below the line `image_id,partition`.
 *
 * @param source name of the text in messages, e.g. its path
 * @throws {DataError} naming the first bad line
 */
export function parsePartition(text: string, source: string = LIST): CelebaPartition {
  const splits: [string[], string[], string[]] = [[], [], []];
  const seen = new Set<string>();
  text.split(/\r?\n/).forEach((line, i) => {
    if (line.trim() === "" || (i === 0 && /^\ufeff?image_id,/.test(line))) return;
    const match = /^\s*([^\s,]+)(?:\s+|\s*,\s*)([012])\s*$/.exec(line);
    const bad = (what: string) =>
      new DataError(
        `Cannot read ${source}: line ${i + 1} is ${JSON.stringify(line.slice(0, 80))}, ${what}`,
      );
    if (!match) throw bad('where "NAME SPLIT" with SPLIT 0, 1 or 2 is expected; fetch it again');
    if (seen.has(match[1])) throw bad("and an earlier line has the same name; remove one");
    seen.add(match[1]);
    splits[Number(match[2])].push(match[1]);
  });
  if (seen.size === 0) {
    throw new DataError(`Cannot read ${source}: it has no lines; fetch it again`);
  }
  return { train: splits[0], valid: splits[1], test: splits[2] };
}

/**
 * The files of CelebA's training and validation splits.
 *
 * @throws {DataError} when the list can't be read or parsed, or leaves one of the two empty
 */
export async function listCeleba(
  { images, list }: CelebaFolder,
): Promise<{ train: ImageFile[]; valid: ImageFile[] }> {
  let text: string;
  try {
    text = await readText(list);
  } catch (thrown) {
    throw new DataError(`Cannot read ${list}: ${reasonOf(thrown)}; check its permissions`);
  }
  const { train, valid } = parsePartition(text, list);
  if (train.length === 0 || valid.length === 0) {
    throw new DataError(
      `Cannot load CelebA: ${list} gives ${train.length} training and ${valid.length} validation ` +
        `images, where both need some; fetch the list again`,
    );
  }
  const file = (name: string): ImageFile => ({ name, path: `${images}/${name}` });
  return { train: train.map(file), valid: valid.map(file) };
}

/** The folder's own name, also where it was given as "." or through a link. */
async function realName(path: string): Promise<string | undefined> {
  try {
    return (await Deno.realPath(path)).split(/[/\\]/).at(-1);
  } catch {
    return undefined;
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch {
    return false;
  }
}

/**
 * The classes of images.
 * @module
 */
import { DataError } from "./errors.ts";

/** A class for every image of a data set. */
export interface Labels {
  /** (count), each below the number of classes. */
  readonly values: Uint32Array<ArrayBuffer>;
  /** The classes by number. */
  readonly classNames: readonly string[];
}

/**
 * Labels from the first folder in each name: "cats/old/7.png" is of class "cats".
 *
 * @returns undefined when a name has no folder
 */
export function folderLabels(names: readonly string[]): Labels | undefined {
  const folders = names.map((name) => name.slice(0, Math.max(0, name.indexOf("/"))));
  return folders.includes("") ? undefined : textLabels(folders);
}

/** Labels that are given as words; classes are numbered in the order of folders. */
export function textLabels(texts: readonly string[]): Labels {
  const classNames = [...new Set(texts)].sort(inOrder);
  const numbers = new Map(classNames.map((name, i) => [name, i]));
  return { values: Uint32Array.from(texts, (text) => numbers.get(text)!), classNames };
}

/** Numbers inside names by their value, all else by code unit: a locale's order differs by machine. */
function inOrder(a: string, b: string): number {
  const [left, right] = [a, b].map((name) => name.split(/(\d+)/));
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const apart = i % 2 === 1 ? Number(left[i]) - Number(right[i]) : 0;
    if (apart !== 0) return apart;
    if (Number.isNaN(apart) || i % 2 === 0 && left[i] !== right[i]) {
      return left[i] < right[i] ? -1 : 1;
    }
  }
  return left.length - right.length || (a < b ? -1 : 1);
}

/** A larger number is no class but something else, such as an identifier. */
const MOST_CLASSES = 2 ** 16;

/** The first of some numbers that can't be that of a class; undefined where all can. */
export function noClass(numbers: readonly number[]): number | undefined {
  return numbers.find((number) =>
    !Number.isInteger(number) || number < 0 || number >= MOST_CLASSES
  );
}

/**
 * Labels given as numbers; the classes are named "0", "1", ...
 *
 * @param numbers by record of the original file
 * @param records (count), which record each image is
 * @param source name of the numbers in messages, e.g. their path
 * @throws {DataError} when a record has no number
 */
export function numberedLabels(
  numbers: ArrayLike<number>,
  records: readonly number[],
  source: string,
): Labels {
  const last = records.reduce((most, record) => Math.max(most, record), -1);
  if (!(last < numbers.length)) {
    throw new DataError(
      `Cannot label by ${source}: it has ${numbers.length} labels and there is an image ${last}; ` +
        `give the labels of these images`,
    );
  }
  const values = Uint32Array.from(records, (record) => numbers[record]);
  let highest = 0;
  for (let i = 0; i < numbers.length; i++) highest = Math.max(highest, numbers[i]);
  return { values, classNames: Array.from({ length: highest + 1 }, (_, i) => String(i)) };
}

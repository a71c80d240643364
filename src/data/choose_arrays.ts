/**
 * Which of a file's arrays are pictures and which their classes, by names and shapes.
 * @module
 */
import { type NpyHeader, shapeText, typeText, wholeNumbers } from "../formats/npy.ts";
import { isPictures, type Layout, layoutOf } from "./array_layout.ts";
import { DataError } from "./errors.ts";
import { SPLIT_NAMES } from "./split_folders.ts";

/** An array of a file. */
export interface NamedArray extends NpyHeader {
  readonly name: string;
}

/** Pictures and their classes, by the names of the arrays. */
export interface ArrayPart {
  readonly pictures: string;
  readonly layout: Layout;
  readonly labels?: string;
}

/** The arrays taken. */
export interface ChosenArrays {
  /** To train on; then, where there is a second, to validate on. */
  readonly parts: readonly ArrayPart[];
  /** Arrays that are used for nothing. */
  readonly unused: readonly string[];
}

const PICTURES = "arr_0 x image images img imgs picture pictures sample samples data pixels";
const LABELS = "arr_1 y label labels target targets class classes";

/** Names such as x_train in two parts: the kind, and the split. */
function partsOf(name: string): { what: string; split: keyof typeof SPLIT_NAMES | "" } {
  const words = name.toLowerCase().split(/[^a-z0-9]+/).filter(Boolean);
  for (const [split, names] of Object.entries(SPLIT_NAMES)) {
    const rest = words.filter((word) => !names.includes(word));
    if (rest.length < words.length) {
      return { what: rest.join("_"), split: split as keyof typeof SPLIT_NAMES };
    }
  }
  return { what: words.join("_"), split: "" };
}

const isCalled = (names: string) => ({ name }: NamedArray) =>
  names.split(" ").includes(partsOf(name).what);

/**
 * Chooses the arrays. Where one is named train and another val or test, the first is for training
 * and the second for validation; test is the second only where there is no val.
 *
 * @param source name of the file in messages, e.g. its path
 * @param clips whether clips are wanted
 * @throws {DataError} when there is none, it can't be read, or several could be meant
 */
export function chooseArrays(
  source: string,
  arrays: readonly NamedArray[],
  clips: boolean,
): ChosenArrays {
  const chosen = picturesOf(source, arrays, clips);
  const parts = chosen.map((array) => partOf(source, arrays, array, clips));
  const labelled = parts.every(({ labels }) => labels !== undefined);
  const taken: ArrayPart[] = labelled
    ? parts
    : parts.map(({ pictures, layout }) => ({ pictures, layout }));
  const names = taken.flatMap(({ pictures, labels }) => [pictures, labels]);
  const unused = arrays.map(({ name }) => name).filter((name) => !names.includes(name));
  return { parts: taken, unused };
}

function picturesOf(source: string, arrays: readonly NamedArray[], clips: boolean): NamedArray[] {
  const found = arrays.filter(isPictures);
  if (found.length === 0) {
    const objects = arrays.find(({ type }) => typeText(type) === "Python objects");
    throw new DataError(
      `Cannot load ${source}: it has no array of pictures, uint8 numbers of shape (N, H, W), ` +
        `(N, H, W, C) or (N, C, H, W); ` + (objects
          ? `its array ${objects.name} holds Python objects, which rin can't read: save it as uint8`
          : `there is ${listOf(arrays) || "none at all"}`),
    );
  }
  const pick = (some: readonly NamedArray[] = []): NamedArray | undefined => {
    if (some.length < 2) return some[0];
    for (const fits of [isCalled(PICTURES), (array: NamedArray) => isReadable(array, clips)]) {
      const few = some.filter(fits);
      if (few.length === 1) return few[0];
    }
    throw ambiguous(source, some);
  };
  const splits = Map.groupBy(found, ({ name }) => partsOf(name).split);
  const train = pick(splits.get("train"));
  const others = splits.get("") ?? [];
  if (train && !others.some(isCalled(PICTURES))) {
    const held = pick(splits.get("valid")) ?? pick(splits.get("test"));
    return held ? [train, held] : [train];
  }
  if (train || splits.size > 1) throw ambiguous(source, found);
  return [pick(found)!];
}

function isReadable(array: NamedArray, clips: boolean): boolean {
  try {
    layoutOf(array, clips);
    return true;
  } catch {
    return false;
  }
}

function partOf(
  source: string,
  arrays: readonly NamedArray[],
  array: NamedArray,
  clips: boolean,
): ArrayPart {
  const layout = layoutIn(source, array, clips);
  const { split } = partsOf(array.name);
  // Attributes, boxes and texts are no classes.
  const labels = arrays.filter(isCalled(LABELS)).filter(({ name, type, shape: [, ...more] }) =>
    partsOf(name).split === split && more.every((size) => size === 1) &&
    wholeNumbers(type, new Uint8Array()) !== undefined
  );
  if (labels.length !== 1) return { pictures: array.name, layout };
  const [{ name, shape }] = labels;
  if (shape[0] !== layout.count) {
    throw new DataError(
      `Cannot load ${source}: its array ${name} has ${shape[0] ?? 1} labels, where ${array.name} ` +
        `has ${layout.count} ${clips ? "clips" : "pictures"}; save them together again`,
    );
  }
  return { pictures: array.name, layout, labels: name };
}

function layoutIn(source: string, array: NamedArray, clips: boolean): Layout {
  try {
    return layoutOf(array, clips);
  } catch (thrown) {
    if (!(thrown instanceof DataError)) throw thrown;
    throw new DataError(`Cannot load ${source}: its array ${array.name} ${thrown.message}`);
  }
}

function ambiguous(source: string, arrays: readonly NamedArray[]): DataError {
  return new DataError(
    `Cannot load ${source}: several of its arrays could be the pictures, ${listOf(arrays)}; save ` +
      `one alone, or call it "images"`,
  );
}

function listOf(arrays: readonly NamedArray[]): string {
  const shown = arrays.slice(0, 8).map(({ name, type, shape }) =>
    `${name} (${typeText(type)} ${shapeText(shape)})`
  );
  return [...shown, ...arrays.length > 8 ? [`${arrays.length - 8} more`] : []].join(", ");
}

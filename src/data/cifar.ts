/**
 * The files of CIFAR-10 and CIFAR-100, as Python's pickles or as binary records.
 * @module
 */
import { FormatError } from "../formats/format_error.ts";
import { typeText, wholeNumbers } from "../formats/npy.ts";
import { pickledArray, pickledText, unpickleDict } from "../formats/numpy_pickle.ts";
import type { Layout } from "./array_layout.ts";
import { noClass } from "./labels.ts";

/** The layout of a batch's pictures: 32 x 32 pixels, channel by channel. */
export const CIFAR_PICTURE: Omit<Layout, "count"> = {
  frames: 1,
  height: 32,
  width: 32,
  channels: 3,
  planar: true,
};

/** Bytes of one. */
const PICTURE = 3072;

/** Names of a set's files. */
interface Form {
  readonly title: string;
  readonly train: RegExp;
  readonly test: string;
  readonly classes: string;
  /** Bytes of labels before each picture, the last of which counts; 0 in pickles. */
  readonly labelBytes: number;
}

const FORMS: readonly Form[] = [
  {
    title: "CIFAR-10",
    train: /^data_batch_\d+$/,
    test: "test_batch",
    classes: "batches.meta",
    labelBytes: 0,
  },
  { title: "CIFAR-100", train: /^train$/, test: "test", classes: "meta", labelBytes: 0 },
  {
    title: "CIFAR-10",
    train: /^data_batch_\d+\.bin$/,
    test: "test_batch.bin",
    classes: "batches.meta.txt",
    labelBytes: 1,
  },
  {
    title: "CIFAR-100",
    train: /^train\.bin$/,
    test: "test.bin",
    classes: "fine_label_names.txt",
    labelBytes: 2,
  },
];

/** A set that was found, by the paths of its files. */
export interface CifarFiles extends Pick<Form, "title" | "labelBytes"> {
  readonly train: readonly string[];
  /** Absent where the file is missing. */
  readonly test?: string;
  readonly classes: string;
}

/** Finds the files of a set among others, all in one folder; undefined where there is none. */
export function findCifar(paths: readonly string[]): CifarFiles | undefined {
  for (const { title, train, test, classes, labelBytes } of FORMS) {
    for (const path of paths.filter((path) => path.split("/").at(-1) === classes)) {
      const folder = path.slice(0, path.length - classes.length);
      const inside = paths.filter((path) => path.startsWith(folder));
      const batches = inside.filter((path) => train.test(path.slice(folder.length))).sort();
      if (batches.length === 0) continue;
      const held = inside.find((path) => path === folder + test);
      return { title, labelBytes, train: batches, test: held, classes: path };
    }
  }
}

/** Pictures, and the class of each. */
export interface CifarBatch {
  readonly count: number;
  readonly labels: readonly number[];
  /** The bytes of a picture, laid out as {@linkcode CIFAR_PICTURE}. */
  picture(index: number): Uint8Array;
}

/** Reads a batch. @throws {FormatError} when it is none */
export function readBatch(bytes: Uint8Array<ArrayBuffer>, labelBytes: number): CifarBatch {
  return labelBytes > 0 ? recordsIn(bytes, labelBytes) : pickledBatch(bytes);
}

function recordsIn(bytes: Uint8Array, labelBytes: number): CifarBatch {
  const record = labelBytes + PICTURE;
  const count = bytes.length / record;
  if (!Number.isInteger(count) || count === 0) {
    throw new FormatError(
      `its ${bytes.length} bytes are not a whole number of records of ${record} bytes`,
    );
  }
  return {
    count,
    labels: Array.from({ length: count }, (_, i) => bytes[i * record + labelBytes - 1]),
    picture: (index) => bytes.subarray(index * record + labelBytes, (index + 1) * record),
  };
}

function pickledBatch(bytes: Uint8Array<ArrayBuffer>): CifarBatch {
  const dict = unpickleDict(bytes);
  const data = pickledArray(dict.get("data"));
  const count = data?.shape[0] ?? 0;
  if (
    !data || typeText(data.type) !== "uint8" || data.fortran || count === 0 ||
    data.shape.join() !== `${count},${PICTURE}` || data.bytes.length !== count * PICTURE
  ) {
    throw new FormatError(`it has no data of uint8 numbers of shape (N, ${PICTURE})`);
  }
  const labels = numbersIn(dict.get("labels") ?? dict.get("fine_labels"));
  if (labels?.length !== count || noClass(labels) !== undefined) {
    throw new FormatError(`it has no labels for its ${count} pictures`);
  }
  return {
    count,
    labels,
    picture: (index) => data.bytes.subarray(index * PICTURE, (index + 1) * PICTURE),
  };
}

/** Whole numbers, as a list or an array. */
function numbersIn(value: unknown): number[] | undefined {
  if (Array.isArray(value)) return value.map(Number);
  const array = pickledArray(value);
  return array && wholeNumbers(array.type, array.bytes);
}

/** The names of the classes by number. @throws {FormatError} when there are none */
export function readClasses(bytes: Uint8Array<ArrayBuffer>, labelBytes: number): string[] {
  if (labelBytes > 0) {
    return new TextDecoder().decode(bytes).split("\n").map((line) => line.trim()).filter(Boolean);
  }
  const dict = unpickleDict(bytes);
  const names = dict.get("label_names") ?? dict.get("fine_label_names");
  const texts = Array.isArray(names) ? names.map(pickledText) : [];
  if (texts.length === 0 || texts.includes(undefined)) {
    throw new FormatError("it has no names of classes");
  }
  return texts as string[];
}

/**
 * NumPy's arrays: the header of a .npy file.
 *
 * @module
 */
import type { Bytes } from "./bytes.ts";
import { FormatError } from "./format_error.ts";

/** The header of an array. */
export interface NpyHeader {
  /** Type of a number, such as "|u1" or "<f4"; of records, their list as it stands there. */
  readonly type: string;
  readonly shape: readonly number[];
  /** Whether the numbers along the first axis are adjacent. */
  readonly fortran: boolean;
  /** Where the numbers begin. */
  readonly begin: number;
}

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];

/** A header describes one type and a few axes; records can take some more words. */
const LONGEST = 2 ** 16;

/** Whether a file begins as a .npy file does. */
export function isNpy(start: Uint8Array): boolean {
  return MAGIC.every((byte, i) => start[i] === byte);
}

/** @throws {FormatError} when there is no such header */
export function readNpyHeader(bytes: Bytes): NpyHeader {
  const head = bytes.read(0, 12);
  if (head.length < 12 || !isNpy(head)) {
    throw new FormatError("does not begin as a .npy file does");
  }
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const start = head[6] === 1 ? 10 : 12;
  const length = head[6] === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (length > LONGEST) throw new FormatError("has a header that is damaged");
  const text = new TextDecoder().decode(bytes.read(start, length));
  const [, type, records] = /'descr':\s*(?:'([^']*)'|(\[.*\]))/s.exec(text) ?? [];
  const [, order] = /'fortran_order':\s*(True|False)/.exec(text) ?? [];
  // Python 2 wrote 10L for 10.
  const [, list] = /'shape':\s*\(([\dL, ]*)\)/.exec(text) ?? [];
  const shape = list?.split(",").map((part) => part.trim().replace(/L$/, "")).filter(Boolean)
    .map(Number) ?? [];
  const count = shape.reduce((product, n) => product * n, 1);
  if (
    (type ?? records) === undefined || order === undefined || list === undefined ||
    !Number.isSafeInteger(count) || !shape.every(Number.isSafeInteger)
  ) {
    throw new FormatError(`has a header that can't be read: ${text.trim().slice(0, 80)}`);
  }
  return { type: type ?? records, shape, fortran: order === "True", begin: start + length };
}

/**
 * The header of an array in C order, of version 1.0, a multiple of 64 bytes long.
 *
 * @param type such as "|u1" or "<f8"
 */
export function npyHeader(type: string, shape: readonly number[]): Uint8Array<ArrayBuffer> {
  const text = `{'descr': '${type}', 'fortran_order': False, 'shape': ${shapeText(shape)}, }`;
  const length = Math.ceil((text.length + 11) / 64) * 64;
  const bytes = new Uint8Array(length).fill(0x20);
  bytes.set([...MAGIC, 1, 0]);
  new DataView(bytes.buffer).setUint16(8, length - 10, true);
  bytes.set(new TextEncoder().encode(text), 10);
  bytes[length - 1] = 0x0a;
  return bytes;
}

/** A shape as Python writes it. */
export function shapeText(shape: readonly number[]): string {
  return shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
}

const KINDS: Readonly<Record<string, string>> = {
  b: "bool",
  i: "int",
  u: "uint",
  f: "float",
  c: "complex",
  O: "Python objects",
  U: "text",
  S: "text",
};

/** The name of a number type, such as "uint8" or "float32". */
export function typeText(type: string): string {
  const [, kind, bytes] = /^[<>|=]([biufcOUS])(\d*)$/.exec(type) ?? [];
  if (kind === undefined) return type.startsWith("[") ? "records" : type.slice(0, 20);
  const word = KINDS[kind];
  return "iufc".includes(kind) ? `${word}${8 * Number(bytes)}` : word;
}

/**
 * Whole numbers from their bytes.
 *
 * @returns undefined where the type is another one
 */
export function wholeNumbers(type: string, bytes: Uint8Array): number[] | undefined {
  const [, order, sign, width] = /^([<>|=])([iu])([1248])$/.exec(type) ?? [];
  if (width === undefined) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [size, little] = [Number(width), order !== ">"];
  const signed = sign === "i";
  const read: Record<string, (at: number) => number | bigint> = {
    1: (at) => signed ? view.getInt8(at) : view.getUint8(at),
    2: (at) => signed ? view.getInt16(at, little) : view.getUint16(at, little),
    4: (at) => signed ? view.getInt32(at, little) : view.getUint32(at, little),
    8: (at) => signed ? view.getBigInt64(at, little) : view.getBigUint64(at, little),
  };
  const count = Math.floor(bytes.length / size);
  return Array.from({ length: count }, (_, i) => Number(read[width](i * size)));
}

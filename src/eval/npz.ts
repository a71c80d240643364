/**
 * NumPy's .npz files: zip archives of .npy arrays. As many as FID's statistics need: float32 and
 * float64, little-endian, in C order.
 *
 * @module
 */
import { zipSync } from "fflate";
import { concat } from "../data/prepared_format.ts";
import { inMemory } from "../formats/bytes.ts";
import { FormatError } from "../formats/format_error.ts";
import { type NpyHeader, npyHeader, readNpyHeader, typeText } from "../formats/npy.ts";
import { readZip, type ZipEntry } from "../formats/zip.ts";

/** An unexpected file; the message names its problem. */
export class NpzError extends Error {
  /** Tells errors apart by name. */
  override name = "NpzError";
}

/** An array of numbers. */
export interface NpyArray {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

/** A statistics file has two small headers and 32 MiB; a far larger claim is damage. */
const MAX_BYTES = 2 ** 31 - 1;

/**
 * Reads the named arrays of a file.
 *
 * @throws {NpzError} when it is no .npz, lacks one of them, or holds it in another form
 */
export function readNpz<Name extends string>(
  bytes: Uint8Array<ArrayBuffer>,
  names: readonly Name[],
): Record<Name, NpyArray> {
  const files = new Map(entriesOf(bytes).map((entry) => [entry.name, entry]));
  const entries = names.map((name): [Name, NpyArray] => {
    const file = files.get(`${name}.npy`);
    if (file === undefined) throw new NpzError(`it has no array "${name}"`);
    return [name, readNpy(contentOf(file), name)];
  });
  return Object.fromEntries(entries) as Record<Name, NpyArray>;
}

const NONE = "it is not an .npz file, or it is damaged";

function entriesOf(bytes: Uint8Array<ArrayBuffer>): ZipEntry[] {
  return sound(() => readZip(inMemory(bytes)));
}

function contentOf({ content, size }: ZipEntry): Uint8Array<ArrayBuffer> {
  if (content === undefined || size > MAX_BYTES) throw new NpzError(NONE);
  return sound(() => content.read(0, size));
}

function sound<T>(read: () => T): T {
  try {
    return read();
  } catch (thrown) {
    if (thrown instanceof FormatError) throw new NpzError(NONE);
    throw thrown;
  }
}

/** Writes arrays as float64. */
export function writeNpz(arrays: Readonly<Record<string, NpyArray>>): Uint8Array<ArrayBuffer> {
  const files = Object.entries(arrays).map(([name, array]) => [`${name}.npy`, writeNpy(array)]);
  // A fixed date, so that the same figures give the same bytes.
  return zipSync(Object.fromEntries(files), { level: 0, mtime: "1980-01-02" }) as Uint8Array<
    ArrayBuffer
  >;
}

const BYTES: Readonly<Record<string, number>> = { "<f4": 4, "<f8": 8 };

function readNpy(bytes: Uint8Array<ArrayBuffer>, name: string): NpyArray {
  const { type, shape, fortran, begin } = headerOf(bytes, name);
  const size = BYTES[type];
  if (size === undefined || fortran) {
    throw new NpzError(
      `its array "${name}" is not of float32 or float64 numbers in C order but ${typeText(type)}` +
        (fortran ? " in Fortran order" : ""),
    );
  }
  const needed = size * shape.reduce((a, b) => a * b, 1);
  if (bytes.length - begin !== needed) {
    throw new NpzError(
      `its array "${name}" of shape (${shape.join(", ")}) needs ${needed} bytes, ` +
        `${bytes.length - begin} are there`,
    );
  }
  const content = bytes.slice(begin).buffer;
  const data = size === 8
    ? new Float64Array(content)
    : Float64Array.from(new Float32Array(content));
  return { shape, data };
}

function headerOf(bytes: Uint8Array<ArrayBuffer>, name: string): NpyHeader {
  try {
    return readNpyHeader(inMemory(bytes));
  } catch (thrown) {
    if (thrown instanceof FormatError) throw new NpzError(`its array "${name}" ${thrown.message}`);
    throw thrown;
  }
}

function writeNpy({ shape, data }: NpyArray): Uint8Array {
  return concat([
    npyHeader("<f8", shape),
    new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
  ]);
}

/**
 * The names of the arrays of a file.
 *
 * @throws {NpzError} when it is no .npz
 */
export function npzNames(bytes: Uint8Array<ArrayBuffer>): string[] {
  return entriesOf(bytes).flatMap(({ name }) => name.endsWith(".npy") ? [name.slice(0, -4)] : []);
}

/**
 * NumPy's .npz files: zip archives of .npy arrays. As many as FID's statistics need: float32 and
 * float64, little-endian, in C order.
 *
 * @module
 */
import { unzipSync, zipSync } from "fflate";

/** A file that is not what was expected; the message says what is wrong with it. */
export class NpzError extends Error {
  /** Tells errors apart by name. */
  override name = "NpzError";
}

/** An array of numbers. */
export interface NpyArray {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

/** A statistics file has two small headers and 32 MiB; what claims far more is damage. */
const MAX_BYTES = 2 ** 31 - 1;

/**
 * Reads the named arrays of a file.
 *
 * @throws {NpzError} when it is no .npz, lacks one of them, or holds it in another form
 */
export function readNpz<Name extends string>(
  bytes: Uint8Array,
  names: readonly Name[],
): Record<Name, NpyArray> {
  let files: Record<string, Uint8Array>;
  try {
    files = unzipSync(bytes, {
      filter: ({ name, originalSize }) =>
        names.some((wanted) => name === `${wanted}.npy`) && originalSize < MAX_BYTES,
    });
  } catch {
    throw new NpzError("it is no .npz file, or a damaged one");
  }
  const entries = names.map((name): [Name, NpyArray] => {
    const file = files[`${name}.npy`];
    if (file === undefined) throw new NpzError(`it has no array "${name}"`);
    return [name, readNpy(file, name)];
  });
  return Object.fromEntries(entries) as Record<Name, NpyArray>;
}

/** Writes arrays as float64. */
export function writeNpz(arrays: Readonly<Record<string, NpyArray>>): Uint8Array<ArrayBuffer> {
  const files = Object.entries(arrays).map(([name, array]) => [`${name}.npy`, writeNpy(array)]);
  // A fixed date, so that the same figures give the same bytes.
  return zipSync(Object.fromEntries(files), { level: 0, mtime: "1980-01-02" }) as Uint8Array<
    ArrayBuffer
  >;
}

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];

function readNpy(bytes: Uint8Array, name: string): NpyArray {
  if (bytes.length < 12 || MAGIC.some((byte, i) => bytes[i] !== byte)) {
    throw new NpzError(`its array "${name}" does not begin as a .npy file does`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = bytes[6] === 1 ? 10 : 12;
  const end = start + (bytes[6] === 1 ? view.getUint16(8, true) : view.getUint32(8, true));
  const header = new TextDecoder().decode(bytes.subarray(start, end));
  const [, type] = /'descr':\s*'<f([48])'/.exec(header) ?? [];
  const [, list] = /'shape':\s*\(([\d, ]*)\)/.exec(header) ?? [];
  if (type === undefined || list === undefined || !/'fortran_order':\s*False/.test(header)) {
    throw new NpzError(
      `its array "${name}" is not of float32 or float64 numbers in C order: ${header.trim()}`,
    );
  }
  const shape = list.split(",").filter((part) => part.trim() !== "").map(Number);
  const count = shape.reduce((a, b) => a * b, 1);
  if (bytes.length - end !== count * Number(type)) {
    throw new NpzError(
      `its array "${name}" of shape (${shape.join(", ")}) needs ${count * Number(type)} bytes, ` +
        `${bytes.length - end} are there`,
    );
  }
  const content = bytes.slice(end).buffer;
  const data = type === "8"
    ? new Float64Array(content)
    : Float64Array.from(new Float32Array(content));
  return { shape, data };
}

function writeNpy({ shape, data }: NpyArray): Uint8Array {
  const list = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const text = `{'descr': '<f8', 'fortran_order': False, 'shape': (${list}), }`;
  // The header ends in a line break at a multiple of 64 bytes.
  const length = Math.ceil((10 + text.length + 1) / 64) * 64 - 10;
  const out = new Uint8Array(10 + length + data.byteLength);
  out.set([...MAGIC, 1, 0, length & 255, length >> 8]);
  out.set(new TextEncoder().encode(text.padEnd(length - 1) + "\n"), 10);
  out.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), 10 + length);
  return out;
}

/**
 * The names of the arrays of a file.
 *
 * @throws {NpzError} when it is no .npz
 */
export function npzNames(bytes: Uint8Array): string[] {
  const names: string[] = [];
  try {
    unzipSync(bytes, { filter: ({ name }) => names.push(name) < 0 });
  } catch {
    throw new NpzError("it is no .npz file, or a damaged one");
  }
  return names.flatMap((name) => name.endsWith(".npy") ? [name.slice(0, -4)] : []);
}

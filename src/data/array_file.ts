/**
 * NumPy's files, .npy and .npz, as named arrays.
 * @module
 */
import type { Bytes, SizedBytes } from "../formats/bytes.ts";
import { FormatError } from "../formats/format_error.ts";
import { isNpy, readNpyHeader } from "../formats/npy.ts";
import { checkEntry, readZip } from "../formats/zip.ts";
import type { NamedArray } from "./choose_arrays.ts";
import { DataError } from "./errors.ts";
import { FileBytes } from "./file_bytes.ts";

/** An array with readable numbers. */
export interface StoredArray extends NamedArray {
  /** The .npy file; its numbers stand after the header. */
  readonly bytes: Bytes;
  /** Bytes of that file. */
  readonly size: number;
  /** Rejects where the file is not as written; resolves where this can't be checked. */
  check(): Promise<void>;
}

/** A file of arrays that is open. */
export class ArrayFile {
  private constructor(readonly file: FileBytes, readonly arrays: readonly StoredArray[]) {}

  /**
   * Opens a file and reads the headers of its arrays.
   *
   * @throws {DataError} when it is damaged, or holds no array
   */
  static open(path: string): ArrayFile {
    const file = FileBytes.open(path);
    try {
      return new ArrayFile(file, readArrays(path, file));
    } catch (thrown) {
      file.close();
      throw thrown;
    }
  }

  /** An array that exists. */
  get(name: string): StoredArray {
    return this.arrays.find((array) => array.name === name)!;
  }

  /** Closes the file. */
  [Symbol.dispose](): void {
    this.file.close();
  }
}

/**
 * Reads the headers of the arrays in some bytes.
 *
 * @param path where the bytes are from: its last part names a lone array
 * @throws {DataError} when they are damaged, or hold no array
 */
export function readArrays(path: string, bytes: SizedBytes): StoredArray[] {
  try {
    if (!isNpy(bytes.read(0, 12))) return arraysIn(bytes);
    const name = path.split(/[/\\]/).at(-1)!.replace(/\.npy$/i, "");
    return [arrayOf(name, bytes, bytes.size, () => Promise.resolve())];
  } catch (thrown) {
    if (!(thrown instanceof FormatError)) throw thrown;
    throw new DataError(`Cannot load ${path}: ${thrown.message}; fetch or save it again`);
  }
}

function arraysIn(bytes: SizedBytes): StoredArray[] {
  const members = readZip(bytes).filter(({ name }) => name.endsWith(".npy"));
  if (members.length === 0) {
    throw new FormatError(
      "it is a zip archive without an array of NumPy: if it holds pictures, unpack it and give " +
        "the folder; if not",
    );
  }
  return members.map((entry) => {
    const own = entry.name.slice(0, -".npy".length);
    if (entry.content) return arrayOf(own, entry.content, entry.size, () => checkEntry(entry));
    throw new FormatError(`its array ${own} is encrypted, or packed in a way that rin can't read`);
  });
}

function arrayOf(
  name: string,
  bytes: Bytes,
  size: number,
  check: StoredArray["check"],
): StoredArray {
  try {
    return { name, ...readNpyHeader(bytes), bytes, size, check };
  } catch (thrown) {
    if (!(thrown instanceof FormatError)) throw thrown;
    throw new FormatError(`its array ${name} ${thrown.message}`);
  }
}

/**
 * Reads NumPy archives of images or features that rin has written.
 *
 * @module
 */
import { exactly, type SizedBytes } from "../../src/formats/bytes.ts";
import { FormatError } from "../../src/formats/format_error.ts";
import { readNpyHeader, wholeNumbers } from "../../src/formats/npy.ts";
import { checkEntry, readZip } from "../../src/formats/zip.ts";
import type { ItemType } from "../files/npz_writer.ts";
import { type NpzRecord, readNpzNote } from "./npz_note.ts";
import type { Shard } from "./shard.ts";

/** An archive that rin has written. */
export interface NpzFile {
  readonly record: NpzRecord;
  readonly shard?: Shard;
  readonly type: ItemType;
  readonly shape: readonly number[];
  /** The items, one after the other. */
  readonly items: SizedBytes;
  readonly labels?: readonly number[];
}

/**
 * Reads an archive of rin's.
 *
 * @throws {FormatError} when it is damaged, or another program's
 */
export async function readNpzFile(bytes: SizedBytes): Promise<NpzFile> {
  const entries = readZip(bytes);
  for (const entry of entries) await checkEntry(entry);
  const content = (name: string) =>
    entries.find((entry) => entry.name === name && entry.stored)?.packed;
  const [note, array, classes] = ["rin.json", "arr_0.npy", "arr_1.npy"].map(content);
  if (!note || !array) throw new FormatError("rin did not write it: it has no rin.json and arr_0");
  const { type, shape, begin } = readNpyHeader(array);
  if (type !== "|u1" && type !== "<f4") throw new FormatError(`its numbers are of type ${type}`);
  return {
    ...readNpzNote(new TextDecoder().decode(exactly(note, 0, note.size))),
    type,
    shape,
    items: {
      size: array.size - begin,
      read: (at, length) => array.read(begin + at, length),
    },
    labels: classes && labelsIn(classes),
  };
}

function labelsIn(bytes: SizedBytes): number[] | undefined {
  const { type, begin } = readNpyHeader(bytes);
  return wholeNumbers(type, exactly(bytes, begin, bytes.size - begin));
}

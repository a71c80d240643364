/**
 * Merges NumPy archives of images or features into the archive that one process would have written.
 *
 * @module
 */
import { FileBytes } from "../../src/data/file_bytes.ts";
import { exactly, type SizedBytes } from "../../src/formats/bytes.ts";
import { FormatError } from "../../src/formats/format_error.ts";
import { readNpyHeader, wholeNumbers } from "../../src/formats/npy.ts";
import { checkEntry, readZip } from "../../src/formats/zip.ts";
import { CommandError } from "../errors.ts";
import { type ItemType, NpzWriter } from "../files/npz_writer.ts";
import { refuseOverwrite } from "../files/overwrite.ts";
import { PartialFile } from "../files/partial_file.ts";
import { npzOrigin } from "../samples/origins.ts";
import { Coverage } from "./coverage.ts";
import type { MergeJob } from "./merge_job.ts";
import { npzNote, type NpzRecord, readNpzNote } from "./npz_note.ts";
import { SharedSettings } from "./settings.ts";
import { rangeOf, type Shard } from "./shard.ts";
import { expectAllShares, readShare } from "./shares.ts";

/** An archive that rin has written. */
interface NpzFile {
  readonly record: NpzRecord;
  readonly shard?: Shard;
  readonly type: ItemType;
  readonly shape: readonly number[];
  /** The items, one after the other. */
  readonly items: SizedBytes;
  readonly labels?: readonly number[];
}

/** Checks the archives together and, with a file to write to, puts them into one. */
export async function mergeNpz({ paths, out, count, force }: MergeJob): Promise<number> {
  expectAllShares(paths);
  const files: FileBytes[] = [];
  try {
    const [coverage, settings] = [new Coverage(), new SharedSettings()];
    const shares: (NpzFile & { readonly first: number })[] = [];
    for (const path of paths) {
      const bytes = await readShare(path, () => FileBytes.open(path));
      files.push(bytes);
      const share = await readShare(path, () => readNpzFile(bytes));
      settings.compare(npzNote(share.record), path);
      const total = Number(share.record.count);
      const [first, end] = rangeOf(share.shard ?? { index: 0, count: 1 }, total);
      if (share.shape[0] !== end - first) {
        throw new CommandError(
          `Cannot merge ${path}: it holds ${share.shape[0]} images, and its share is ${
            end - first
          }`,
        );
      }
      for (let number = first; number < end; number++) coverage.add(number, path);
      shares.push({ ...share, first });
    }
    shares.sort((a, b) => a.first - b.first);
    const total = coverage.check("images", count ?? Number(shares[0].record.count));
    if (out !== undefined) await write(out, shares, total, force);
    return total;
  } finally {
    for (const file of files) file.close();
  }
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

async function write(
  out: string,
  shares: readonly NpzFile[],
  total: number,
  force: boolean,
): Promise<void> {
  const [{ record, type, shape: [, ...shape] }] = shares;
  const note = npzNote(record);
  await refuseOverwrite(out, force, (path) => npzOrigin(path, note));
  if (!force) await PartialFile.expectNone(out);
  const writer = await NpzWriter.open(out, total, shape, note, true, type);
  try {
    for (const { items, shape: [count] } of shares) {
      const each = items.size / count;
      for (let i = 0; i < count; i++) await writer.add(exactly(items, i * each, each));
    }
  } catch (thrown) {
    writer.close();
    throw thrown;
  }
  const labels = shares.flatMap(({ labels }) => labels ?? []);
  await writer.finish(labels.length > 0 ? labels : undefined);
}

/**
 * Merges NumPy archives of images or features into the archive that one process would have written.
 *
 * @module
 */
import { FileBytes } from "../../src/data/file_bytes.ts";
import { exactly } from "../../src/formats/bytes.ts";
import { CommandError } from "../errors.ts";
import { NpzWriter } from "../files/npz_writer.ts";
import { refuseOverwrite } from "../files/overwrite.ts";
import { PartialFile } from "../files/partial_file.ts";
import { npzOrigin } from "../samples/origins.ts";
import { Coverage } from "./coverage.ts";
import type { MergeJob } from "./merge_job.ts";
import { type NpzFile, readNpzFile } from "./npz_file.ts";
import { npzNote } from "./npz_note.ts";
import { SharedSettings } from "./settings.ts";
import { rangeOf } from "./shard.ts";
import { expectAllShares, readShare } from "./shares.ts";

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

/**
 * Merges tar archives of pictures into the archive that one process would have written.
 *
 * @module
 */
import { FileBytes } from "../../src/data/file_bytes.ts";
import { exactly } from "../../src/formats/bytes.ts";
import { tarEntries, type TarEntry } from "../../src/formats/tar.ts";
import { FormatError } from "../../src/formats/format_error.ts";
import { recordIn } from "../../src/picture/record.ts";
import { CommandError } from "../errors.ts";
import { refuseOverwrite } from "../files/overwrite.ts";
import { PartialFile } from "../files/partial_file.ts";
import { TarWriter } from "../files/tar_writer.ts";
import { Coverage } from "./coverage.ts";
import type { MergeJob } from "./merge_job.ts";
import { expectAllShares, readShare } from "./shares.ts";
import { SharedSettings } from "./settings.ts";

/** Zeros that TarWriter ends an archive with, in bytes. */
const END = 1024;

interface Picture {
  readonly bytes: FileBytes;
  /** The picture, and its class if it has one. */
  readonly entries: TarEntry[];
}

/** Checks the archives together and, with a file to write to, puts them into one. */
export async function mergeTars({ paths, out, count, force }: MergeJob): Promise<number> {
  expectAllShares(paths);
  const files: FileBytes[] = [];
  try {
    const [coverage, settings] = [new Coverage(), new SharedSettings()];
    const pictures = new Map<number, Picture>();
    for (const path of paths) {
      const bytes = await readShare(path, () => FileBytes.open(path));
      files.push(bytes);
      for (const { name, entries } of await readShare(path, () => picturesIn(bytes))) {
        const number = parseInt(name);
        coverage.add(number, path);
        const { begin, size } = entries[0];
        const png = await readShare(path, () => exactly(bytes, begin, size));
        settings.add(recordIn(png), number, `${name} in ${path}`);
        pictures.set(number, { bytes, entries });
      }
    }
    const total = coverage.check("images", count);
    if (out !== undefined) await write(out, pictures, total, force);
    return total;
  } finally {
    for (const file of files) file.close();
  }
}

function picturesIn(bytes: FileBytes): { readonly name: string; readonly entries: TarEntry[] }[] {
  // Cut off after an entry, it would look whole.
  if (bytes.size < END || bytes.read(bytes.size - END, END).some((byte) => byte !== 0)) {
    throw new FormatError("it is cut off: a whole tar archive ends in zeros");
  }
  const found = new Map<string, TarEntry[]>();
  for (const entry of tarEntries(bytes)) {
    const [, number, end] = /^(\d{6,})\.(a?png|cls)$/.exec(entry.name) ?? [];
    const entries = found.get(number);
    if (number === undefined || (end === "cls") !== (entries?.length === 1)) {
      throw new CommandError(`${entry.name} in it is not from rin sample`);
    }
    if (entries) entries.push(entry);
    else found.set(number, [entry]);
  }
  return [...found.values()].map((entries) => ({ name: entries[0].name, entries }));
}

async function write(
  out: string,
  pictures: ReadonlyMap<number, Picture>,
  total: number,
  force: boolean,
): Promise<void> {
  await refuseOverwrite(out, force, () => "other");
  if (!force) await PartialFile.expectNone(out);
  const writer = await TarWriter.open(out, true);
  try {
    for (let number = 0; number < total; number++) {
      const { bytes, entries } = pictures.get(number)!;
      for (const { name, begin, size } of entries) {
        await writer.add({ name, bytes: exactly(bytes, begin, size) });
      }
    }
  } catch (thrown) {
    writer.close();
    throw thrown;
  }
  await writer.finish();
}

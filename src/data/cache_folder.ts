/**
 * Where fetched data sets are kept.
 * @module
 */
import { DataError } from "./errors.ts";

/** What the choice of the cache folder depends on. */
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

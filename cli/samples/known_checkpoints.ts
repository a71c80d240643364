/**
 * Remembers the paths of checkpoints behind pictures, so that a picture is enough to reproduce it.
 * A picture itself holds no path: its bytes don't depend on folders, and it doesn't reveal them.
 *
 * @module
 */
import { cacheFolder } from "../../src/data/cache_folder.ts";
import { makeFolder, writeFile } from "../../src/files/write_file.ts";
import { variable } from "../environment.ts";

/** Remembers a checkpoint's path, where Deno allows it; sampling works without it. */
export async function rememberCheckpoint(identity: string, path: string): Promise<void> {
  const file = placeOf(identity);
  if (file === undefined || !await may("write", file) || !await may("read", file)) return;
  try {
    const real = await Deno.realPath(path);
    if (await knownCheckpoint(identity) === real) return;
    await makeFolder(file.slice(0, file.lastIndexOf("/")));
    await writeFile(file, real);
  } catch {
    // A full or closed cache is no reason to fail.
  }
}

/** The checkpoint's path when a command last sampled from it. */
export async function knownCheckpoint(identity: string): Promise<string | undefined> {
  const file = placeOf(identity);
  if (file === undefined || !await may("read", file)) return undefined;
  return await Deno.readTextFile(file).catch(() => undefined);
}

function placeOf(identity: string): string | undefined {
  if (!/^[0-9a-f]{64}$/.test(identity)) return undefined;
  try {
    return `${cacheFolder({ env: variable })}/checkpoints/${identity}`;
  } catch {
    return undefined;
  }
}

async function may(name: "read" | "write", path: string): Promise<boolean> {
  const folder = path.slice(0, path.lastIndexOf("/"));
  return (await Deno.permissions.query({ name, path: folder })).state === "granted";
}

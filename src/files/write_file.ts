/**
 * Writing files so that each is found whole: the old one or the new one, never a part.
 *
 * @module
 */
import { FileError } from "./errors.ts";

/** Ends the names of files that are being written. */
const TEMPORARY = `.${Deno.pid}.tmp`;

/** Removes what a crash has left of files that were being written into a folder, if it is there. */
export async function removeTemporary(folder: string): Promise<void> {
  try {
    for await (const { name, isFile } of Deno.readDir(folder)) {
      if (isFile && /\.\d+\.tmp$/.test(name)) await removeFile(`${folder}/${name}`);
    }
  } catch (thrown) {
    if (!(thrown instanceof Deno.errors.NotFound)) throw thrown;
  }
}

/**
 * Writes beside the target, syncs, and renames; in place, where Deno may write the target alone.
 *
 * @throws {FileError} saying why it failed; what was at `path` before is then still there
 */
export async function writeFile(path: string, content: Uint8Array | string): Promise<void> {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  const temporary = path + TEMPORARY;
  try {
    if (!await mayReplace(path, temporary)) return await writeSynced(path, bytes);
    await writeSynced(temporary, bytes);
    await Deno.rename(temporary, path);
    await syncFolder(folderOf(path));
  } catch (thrown) {
    await Deno.remove(temporary).catch(() => {});
    throw cannotWrite(path, thrown);
  }
}

/** Whether Deno may write and rename a file beside the target, and open its folder. */
async function mayReplace(path: string, temporary: string): Promise<boolean> {
  const needed = [
    { name: "read", path: folderOf(path) },
    { name: "read", path: temporary },
    { name: "write", path: temporary },
  ] as const;
  const found = await Promise.all(needed.map((one) => Deno.permissions.query(one)));
  return found.every(({ state }) => state === "granted");
}

/**
 * Puts another name of a file in the place of `path`: no copy is written, so it takes no space and no
 * time. Both hold what they hold for good, for files are replaced here and never written into.
 *
 * @returns whether the file system has such names (hard links)
 * @throws {FileError} saying why it failed; what was at `path` before is then still there
 */
export async function linkFile(from: string, path: string): Promise<boolean> {
  const temporary = path + TEMPORARY;
  try {
    await Deno.link(from, temporary);
  } catch {
    return false;
  }
  try {
    await Deno.rename(temporary, path);
    await syncFolder(folderOf(path));
    return true;
  } catch (thrown) {
    throw cannotWrite(path, thrown);
  } finally {
    // It is still there when it could not be renamed, or was a name of the same file already.
    await Deno.remove(temporary).catch(() => {});
  }
}

async function writeSynced(path: string, bytes: Uint8Array): Promise<void> {
  using file = await Deno.open(path, { write: true, create: true, truncate: true });
  for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
  await file.sync();
}

/** A rename is kept after a power cut only when its folder is synced; Windows has no such call. */
async function syncFolder(folder: string): Promise<void> {
  if (Deno.build.os === "windows") return;
  using file = await Deno.open(folder);
  // Some network file systems refuse it, and then know better.
  await file.sync().catch(() => {});
}

/** Adds to the end of a file, which is made where there is none. */
export async function appendFile(path: string, bytes: Uint8Array): Promise<void> {
  try {
    await Deno.writeFile(path, bytes, { append: true });
  } catch (thrown) {
    throw cannotWrite(path, thrown);
  }
}

/** Cuts a file to its first `size` bytes; one that isn't there is left so. */
export async function truncateFile(path: string, size: number): Promise<void> {
  try {
    await Deno.truncate(path, size);
  } catch (thrown) {
    if (!(thrown instanceof Deno.errors.NotFound)) throw cannotWrite(path, thrown);
  }
}

/** Removes a file. */
export async function removeFile(path: string): Promise<void> {
  try {
    await Deno.remove(path);
  } catch (thrown) {
    throw new FileError(`Cannot remove ${path}`, thrown);
  }
}

/** Waits until all of a file, and its name, is on the disk. */
export async function syncFile(path: string): Promise<void> {
  try {
    using file = await Deno.open(path);
    await file.sync();
    await syncFolder(folderOf(path));
  } catch (thrown) {
    throw cannotWrite(path, thrown);
  }
}

/** Makes a folder and those above it. Where Deno may not, what is written into it may be allowed. */
export async function makeFolder(path: string): Promise<void> {
  const { state } = await Deno.permissions.query({ name: "write", path });
  if (state !== "granted") return;
  try {
    await Deno.mkdir(path, { recursive: true });
  } catch (thrown) {
    throw new FileError(`Cannot make folder ${path}`, thrown);
  }
}

/** The error of a file that could not be written. */
export function cannotWrite(path: string, thrown: unknown): FileError {
  return new FileError(`Cannot write ${path}`, thrown);
}

/** The folder that a file lies in. */
export function folderOf(path: string): string {
  const end = Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\"));
  return end < 0 ? "." : end === 0 ? "/" : path.slice(0, end);
}

/**
 * Writing files so that each is found whole: the old one or the new one, never a part.
 *
 * @module
 */
import { FileError } from "./errors.ts";
import { isPinned, place, syncFolder, writeAll, writeInto } from "./place.ts";
import { folderOf, type Target, targetOf } from "./target.ts";

export { folderOf };

/** Ends the names of files that are being written. */
const TEMPORARY = `.${Deno.pid}.tmp`;

/** Removes unfinished files that a crash left in a folder, if the folder exists. */
export async function removeTemporary(folder: string): Promise<void> {
  try {
    for await (const { name, isFile } of Deno.readDir(folder)) {
      if (isFile && /\.\d+\.tmp$/.test(name)) await removeFile(`${folder}/${name}`);
    }
  } catch (thrown) {
    if (!(thrown instanceof Deno.errors.NotFound)) throw thrown;
  }
}

/** How {@linkcode writeFile} treats a file that has several names (hard links). */
export interface WriteOptions {
  /**
   * "all", the default: all names show the new content, for which it is written into the file.
   * "one": the others keep the old content.
   */
  readonly names?: "all" | "one";
}

/**
 * Writes next to the file that the path leads to, syncs, and renames, so that the file keeps its
 * place, mode and owner. Writes into targets that can't or must not be replaced: a device, a FIFO,
 * a file with several names, a file that is mounted by itself.
 *
 * @throws {FileError} with the reason; the file at `path` is then unchanged, unless it is one to
 * write into
 */
export async function writeFile(
  path: string,
  content: Uint8Array | string,
  { names = "all" }: WriteOptions = {},
): Promise<void> {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  let temporary: string | undefined;
  try {
    const target = await targetOf(path);
    const shared = names === "all" && target.info?.isFile === true && (target.info.nlink ?? 1) > 1;
    if (!shared) temporary = await writeBeside(target, bytes);
    if (temporary !== undefined) await place(temporary, target);
    else await writeInto(target, (write) => write(bytes));
  } catch (thrown) {
    if (temporary !== undefined) await Deno.remove(temporary).catch(() => {});
    throw cannotWrite(path, thrown);
  }
}

/** Writes a synced file next to a target; undefined where only the target can be written. */
async function writeBeside(target: Target, bytes: Uint8Array): Promise<string | undefined> {
  const { path, info, inPlace } = target;
  const temporary = path + TEMPORARY;
  if (inPlace || !await mayReplace(path, temporary)) return undefined;
  try {
    await writeSynced(temporary, bytes, info);
    return temporary;
  } catch (thrown) {
    await Deno.remove(temporary).catch(() => {});
    if (info?.isFile && isPinned(thrown)) return undefined;
    throw thrown;
  }
}

/** Whether Deno allows writing and renaming a file next to the target, and opening its folder. */
async function mayReplace(path: string, temporary: string): Promise<boolean> {
  const needed = [
    { name: "read", path: folderOf(path) },
    { name: "read", path: temporary },
    { name: "write", path: temporary },
    // A link can lead to where Deno allows no writing.
    { name: "write", path },
  ] as const;
  const found = await Promise.all(needed.map((one) => Deno.permissions.query(one)));
  return found.every(({ state }) => state === "granted");
}

/**
 * Replaces `path` by another name of a file, without a copy, so it takes no space and no time. A
 * later write to one of the names decides whether it changes all of them.
 *
 * @returns whether the file system has such names (hard links) there; false where it would replace
 * a file of another mode, or something else than a file
 * @throws {FileError} with the reason; the file at `path` is then unchanged
 */
export async function linkFile(from: string, path: string): Promise<boolean> {
  const [source, target] = [await targetOf(from), await targetOf(path)];
  const temporary = target.path + TEMPORARY;
  if (target.inPlace || target.info?.isFile && target.info.mode !== source.info?.mode) return false;
  try {
    await Deno.link(source.path, temporary);
  } catch {
    return false;
  }
  try {
    await Deno.rename(temporary, target.path);
    await syncFolder(folderOf(target.path));
    return true;
  } catch (thrown) {
    if (target.info?.isFile && isPinned(thrown)) return false;
    throw cannotWrite(path, thrown);
  } finally {
    // It is still there when it could not be renamed, or was a name of the same file already.
    await Deno.remove(temporary).catch(() => {});
  }
}

/** Moves a synced file from next to a target to the target. */
export async function moveFile(from: string, target: Target): Promise<void> {
  try {
    await place(from, target);
  } catch (thrown) {
    throw cannotWrite(target.path, thrown);
  }
}

async function writeSynced(
  path: string,
  bytes: Uint8Array,
  like: Deno.FileInfo | undefined,
): Promise<void> {
  // From its beginning no more than the old one's readers can read it.
  const mode = like?.mode == null ? undefined : like.mode & 0o777;
  using file = await Deno.open(path, { write: true, create: true, truncate: true, mode });
  await writeAll(file, bytes);
  await file.sync();
}

/** Appends to a file, and creates it where it is missing. */
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

/**
 * Makes a folder and those above it. Where Deno doesn't allow it, it can still allow writing into
 * the folder.
 */
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

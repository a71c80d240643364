/**
 * Putting a whole file into the place of another, which keeps its name, mode and owner.
 *
 * @module
 */
import { folderOf, type Target } from "./target.ts";

/** Renames a synced file into a target's place; copies it where it can't be renamed. */
export async function place(from: string, target: Target): Promise<void> {
  if (target.inPlace) return await copyInto(from, target);
  if (target.info?.isFile) await keepAttributes(from, target.info);
  try {
    await Deno.rename(from, target.path);
  } catch (thrown) {
    if (!(target.info?.isFile && isPinned(thrown))) throw thrown;
    return await copyInto(from, target);
  }
  await syncFolder(folderOf(target.path));
}

/**
 * Whether a name can't be given to another file, though the file can be written: a mount of a single
 * file (EBUSY, EXDEV), a folder that can't be written (EACCES, EPERM, EROFS).
 */
export function isPinned(thrown: unknown): boolean {
  const { code } = thrown as { code?: string };
  return ["EBUSY", "EXDEV", "EACCES", "EPERM", "EROFS"].includes(code ?? "");
}

/** Mode, and where the system allows it the owner. */
async function keepAttributes(path: string, { mode, uid, gid }: Deno.FileInfo): Promise<void> {
  if (Deno.build.os === "windows" || mode === null) return;
  const made = await Deno.stat(path);
  // The owner first, since a change of it takes bits of the mode away.
  if (made.uid !== uid || made.gid !== gid) await Deno.chown(path, uid, gid).catch(() => {});
  if (made.mode !== mode) await Deno.chmod(path, mode & 0o7777);
}

async function copyInto(from: string, target: Target): Promise<void> {
  using source = await Deno.open(from);
  const buffer = new Uint8Array(2 ** 20);
  await writeInto(target, async (write) => {
    for (let size; (size = await source.read(buffer)) !== null;) {
      await write(buffer.subarray(0, size));
    }
  });
  await Deno.remove(from);
}

/** Writes into the existing file: all its names and links stay. */
export async function writeInto(
  { path, info }: Target,
  work: (write: (bytes: Uint8Array) => Promise<void>) => Promise<void>,
): Promise<void> {
  const isFile = info?.isFile ?? false;
  // A file is cut at the end: until then its blocks stay its own, so that a full disk spoils it less.
  using file = await Deno.open(path, { write: true, create: true, truncate: !isFile });
  let length = 0;
  await work(async (bytes) => {
    await writeAll(file, bytes);
    length += bytes.length;
  });
  if (isFile) await file.truncate(length);
  // Devices and FIFOs can't be synced.
  if (info === undefined || isFile) await file.sync();
  else await file.sync().catch(() => {});
}

/** Writes all of the bytes. */
export async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
}

/** A rename is kept after a power cut only when its folder is synced; Windows has no such call. */
export async function syncFolder(folder: string): Promise<void> {
  if (Deno.build.os === "windows") return;
  using file = await Deno.open(folder);
  // Some network file systems refuse it: that is no failure.
  await file.sync().catch(() => {});
}

/**
 * The destination of writes to a path: the file behind all links, and whether another file can take
 * its place.
 *
 * @module
 */

/** Links that lead to each other are followed no further. */
const MOST_LINKS = 40;

/** The destination of a path. */
export interface Target {
  /** The file itself, behind all links; the given path where only that can be opened. */
  readonly path: string;
  /** The existing file; undefined for none, or one that Deno doesn't allow looking at. */
  readonly info?: Deno.FileInfo;
  /** Whether it can only be written into: a device, a FIFO, a file of another process. */
  readonly inPlace: boolean;
}

/** Follows the links of a path; never asks for a permission. */
export async function targetOf(path: string): Promise<Target> {
  if (!await mayRead(path)) return { path, inPlace: true };
  const info = await Deno.stat(path).catch(() => undefined);
  const opened = { path, info, inPlace: true };
  if (info && !info.isFile && !info.isDirectory) return opened;
  let real = path;
  for (let i = 0; i < MOST_LINKS; i++) {
    if (!await mayRead(real)) return opened;
    const here = await Deno.lstat(real).catch(() => undefined);
    if (!here?.isSymlink) return { path: real, info, inPlace: false };
    // /dev/stdout and its like: the file is open, so that a new one of its name would not be read.
    if (/^\/(proc|dev)\//.test(real)) return opened;
    const to = await Deno.readLink(real);
    real = /^([/\\]|[a-z]:)/i.test(to) ? to : `${folderOf(real)}/${to}`;
  }
  return opened;
}

/** Whether Deno allows reading a path; this never prompts. */
export async function mayRead(path: string): Promise<boolean> {
  return (await Deno.permissions.query({ name: "read", path })).state === "granted";
}

/** The folder that a file lies in. */
export function folderOf(path: string): string {
  const end = Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\"));
  return end < 0 ? "." : end === 0 ? "/" : path.slice(0, end);
}

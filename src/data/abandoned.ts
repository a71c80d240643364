/**
 * Preparations that nobody resumed.
 * @module
 */

/** The age, in milliseconds, at which an unfinished preparation is deleted: 30 days. */
const ABANDONED = 30 * 24 * 3600e3;

/** Removes unfinished files older than a month from a cache: `NAME.part`, `NAME.part.log`. */
export async function removeAbandoned(folder: string): Promise<void> {
  const entries = await Array.fromAsync(Deno.readDir(folder)).catch(() => []);
  for (const { name } of entries) {
    const part = /^(.*\.part)(\.log)?$/.exec(name)?.[1];
    if (part !== undefined) await removeIfOld(`${folder}/${part}`);
  }
}

async function removeIfOld(part: string): Promise<void> {
  try {
    const log = `${part}.log`;
    const times = await Promise.all([part, log].map((path) => changedAt(path)));
    if (Date.now() - Math.max(...times) < ABANDONED) return;
    // Held while another process writes, however slowly.
    using journal = await Deno.open(log, { read: true, write: true, create: true });
    if (!await journal.tryLock(true)) return;
    await Deno.remove(part).catch(() => {});
    await Deno.remove(log);
  } catch {
    // A leftover costs disk space only.
  }
}

async function changedAt(path: string): Promise<number> {
  return await Deno.stat(path).then(({ mtime }) => mtime?.getTime() ?? Infinity, () => 0);
}

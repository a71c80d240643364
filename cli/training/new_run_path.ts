/**
 * Default folder of a run.
 *
 * @module
 */

/** `runs/PRESET-YYYYMMDD-HHMM`, numbered where that exists already. */
export async function newRunPath(preset: string, now: Date): Promise<string> {
  const two = (value: number) => String(value).padStart(2, "0");
  const day = `${now.getFullYear()}${two(now.getMonth() + 1)}${two(now.getDate())}`;
  const base = `runs/${preset}-${day}-${two(now.getHours())}${two(now.getMinutes())}`;
  let path = base;
  for (let i = 2; await exists(path); i++) path = `${base}-${i}`;
  return path;
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

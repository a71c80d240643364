/**
 * Any folder of PNG and JPEG files.
 * @module
 */
import { DataError, reasonOf } from "./errors.ts";
import type { ImageFile } from "./image_file.ts";

const IMAGE_NAME = /\.(png|jpe?g|jpe|jfif)$/i;

/**
 * Lists every PNG and JPEG file below a folder by its extension, sorted by path, so that the order
 * is the same on every machine. Links are followed; names that start with a dot are left out (they
 * are thumbnails and other programs' notes, not pictures).
 *
 * @returns names relative to the folder, with "/" on every system
 * @throws {DataError} when the folder is missing, can't be read or holds no such file
 *
 * @example
 * ```ts
 * const files = await listImages("./pictures");
 * console.log(files[0].name); // "cats/001.jpg"
 * ```
 */
export async function listImages(folder: string): Promise<ImageFile[]> {
  const { files, others } = await filesBelow(folder, IMAGE_NAME);
  if (files.length > 0) return files;
  const clips = others > 0 && (await filesBelow(folder, /\.(gif|apng)$/i)).files.length > 0;
  throw new DataError(
    `Cannot load pictures from ${folder}: it holds no PNG or JPEG file (${others} other files ` +
      `seen, folders inside included); give a folder that has some` +
      (clips ? ", or train on its clips with --frames" : ""),
  );
}

/**
 * Lists every file below a folder whose name fits, as {@linkcode listImages} does.
 *
 * @returns the files, and the number of others
 * @throws {DataError} when the folder is missing or can't be read
 */
export async function filesBelow(
  folder: string,
  pattern: RegExp,
): Promise<{ files: ImageFile[]; others: number }> {
  const found: ImageFile[] = [];
  const seen = new Set<string>();
  let others = 0;

  async function walk(path: string, prefix: string): Promise<void> {
    // A link may lead back to a folder above it.
    const real = await Deno.realPath(path);
    if (seen.has(real)) return;
    seen.add(real);
    for await (const entry of Deno.readDir(path)) {
      if (entry.name.startsWith(".")) continue;
      const child = `${path}/${entry.name}`;
      const name = prefix + entry.name;
      const kind = entry.isSymlink ? await linkTarget(child) : entry;
      if (kind?.isDirectory) await walk(child, `${name}/`);
      else if (kind?.isFile && pattern.test(name)) found.push({ name, path: child });
      else others++;
    }
  }

  try {
    await walk(folder, "");
  } catch (thrown) {
    throw unreadable(folder, thrown);
  }
  // By code unit: a locale's order would differ between machines.
  return { files: found.sort((a, b) => a.name < b.name ? -1 : 1), others };
}

/** What a link leads to; undefined for a dangling one. */
async function linkTarget(path: string): Promise<Deno.FileInfo | undefined> {
  try {
    return await Deno.stat(path);
  } catch {
    return undefined;
  }
}

function unreadable(folder: string, thrown: unknown): DataError {
  const start = `Cannot load pictures from ${folder}:`;
  if (thrown instanceof Deno.errors.NotFound) {
    return new DataError(`${start} there is no such folder; check the path`, { cause: thrown });
  }
  if (thrown instanceof Deno.errors.NotADirectory) {
    return new DataError(`${start} it is a file; give the folder it lies in`, { cause: thrown });
  }
  return new DataError(
    `${start} the folder can't be read (${reasonOf(thrown)}); check its permissions`,
    { cause: thrown },
  );
}

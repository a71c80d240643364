/**
 * Any folder of PNG and JPEG files.
 * @module
 */
import { ownFolder } from "../files/own_folders.ts";
import { isCacheFolder } from "./cache_folder.ts";
import { DataError, reasonOf } from "./errors.ts";
import type { ImageFile } from "./image_file.ts";

const IMAGE_NAME = /\.(png|jpe?g|jpe|jfif)$/i;

/**
 * Lists every PNG and JPEG file below a folder by its extension, sorted by path, so that the order
 * is the same on every machine. Links are followed; names that start with a dot are left out (they
 * are thumbnails and other programs' notes, not pictures), and so are folders that rin writes: runs,
 * pages and caches.
 *
 * @returns names relative to the folder, with "/" on every system
 * @throws {DataError} when the folder is missing, can't be read, holds no such file, or is itself the
 * folder of a run or a page
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
    const entries = await Array.fromAsync(Deno.readDir(path));
    const own = ownFolder(new Set(entries.map(({ name }) => name)));
    if (prefix === "") expectData(folder, own);
    else if (own !== undefined || isCacheFolder(real)) return;
    for (const entry of entries) {
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
    if (thrown instanceof DataError) throw thrown;
    throw unreadable(folder, thrown);
  }
  // By code unit: a locale's order would differ between machines.
  return { files: found.sort((a, b) => a.name < b.name ? -1 : 1), others };
}

/** @throws {DataError} when the pictures of a folder are samples */
function expectData(folder: string, own: ReturnType<typeof ownFolder>): void {
  if (own !== "run" && own !== "page") return;
  throw new DataError(
    `Cannot load pictures from ${folder}: it is the folder of a ${own}, whose pictures a network ` +
      `drew; give a folder of pictures to learn from`,
  );
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

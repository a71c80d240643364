/**
 * Any folder of pictures.
 * @module
 */
import { ownFolder } from "../files/own_folders.ts";
import { isCacheFolder } from "./cache_folder.ts";
import { DataError, reasonOf } from "./errors.ts";
import type { ImageFile } from "./image_file.ts";
import type { Skipped } from "./image_set.ts";
import { kindOf, type LeftOut } from "./left_out.ts";
import { readableFormat, START } from "./picture_format.ts";

/** Files of these names are taken for pictures without a look into them: there may be a million. */
const PICTURE_NAME = /\.(png|apng|jpe?g|jpe|jfif|webp|bmp|dib|gif)$/i;

/** What a folder holds. */
export interface Listing {
  /** The pictures, by their names. */
  readonly files: readonly ImageFile[];
  readonly leftOut: LeftOut;
}

/**
 * Lists every picture below a folder, as {@linkcode listPictures} does.
 *
 * @throws {DataError} when the folder is missing, can't be read, holds no picture, or is itself the
 * folder of a run or a page
 *
 * @example
 * ```ts
 * const { files } = await listImages("./pictures");
 * console.log(files[0].name); // "cats/001.jpg"
 * ```
 */
export async function listImages(folder: string): Promise<Listing> {
  const listing = await listPictures(folder);
  if (listing.files.length > 0) return listing;
  throw new DataError(
    `Cannot load pictures from ${folder}: it holds no PNG, JPEG, WebP, BMP or GIF file ` +
      `(${othersOf(listing)}, folders inside included); give a folder that has some`,
  );
}

/** The number of other files that were seen. */
export function othersOf({ leftOut: { kinds, unreadable } }: Listing): string {
  const counts = Object.entries(kinds);
  const total = counts.reduce((sum, [, count]) => sum + count, unreadable.length);
  const named = counts.slice(0, 5).map(([kind, count]) => `${count} ${kind}`).join(", ");
  return `${total} other files seen${named && `: ${named}`}`;
}

/**
 * Lists every picture below a folder, sorted by path, so that the order is the same on every machine.
 * A picture is known by its extension or else by its first bytes. Links are followed after all real
 * folders; names that start with a dot are ignored (they are thumbnails and other programs' notes,
 * not pictures).
 *
 * @returns names relative to the folder, with "/" on every system
 * @throws {DataError} when the folder itself is missing or can't be read
 */
export async function listPictures(folder: string): Promise<Listing> {
  const walk = new Walk();
  try {
    await walk.enter(folder, "");
  } catch (thrown) {
    if (thrown instanceof DataError) throw thrown;
    throw unreadableFolder(folder, thrown);
  }
  await walk.followLinks();
  return walk.listing();
}

/** A walk through folders. */
class Walk {
  readonly #files: ImageFile[] = [];
  readonly #kinds: Record<string, number> = {};
  readonly #unreadable: Skipped[] = [];
  /** First folders that hold any file. */
  readonly #tops = new Set<string>();
  /** Folders as they are really called: a link may lead back to one above it. */
  readonly #seen = new Set<string>();
  #links: ImageFile[] = [];

  /** Takes what is in a folder; `prefix` is its name with "/", empty of the first. */
  async enter(path: string, prefix: string): Promise<void> {
    const real = await Deno.realPath(path);
    if (this.#seen.has(real)) return;
    this.#seen.add(real);
    const entries = await sortedEntries(path);
    const own = ownFolder(new Set(entries.map(({ name }) => name)));
    if (prefix === "") expectData(path, own);
    else if (own !== undefined || isCacheFolder(real)) return;
    for (const entry of entries) {
      const file = { name: prefix + entry.name, path: `${path}/${entry.name}` };
      if (entry.isDirectory) await this.#tryEnter(file);
      else if (entry.isSymlink) await this.#takeLink(file);
      else this.#takeFile(file, entry.isFile);
    }
  }

  /**
   * Enters the folders that links lead to. One that is found by its own name, too, keeps that name,
   * whatever order the file system lists them in.
   */
  async followLinks(): Promise<void> {
    while (this.#links.length > 0) {
      const links = this.#links;
      this.#links = [];
      for (const link of links) await this.#tryEnter(link);
    }
  }

  listing(): Listing {
    // By code unit: a locale's order would differ between machines.
    const byName = (a: { name: string }, b: { name: string }) => a.name < b.name ? -1 : 1;
    const files = this.#files.sort(byName);
    const found = new Set(files.map(({ name }) => topOf(name)));
    const folders = [...this.#tops].filter((top) => !found.has(top)).sort();
    const unreadable = this.#unreadable.sort(byName);
    return { files, leftOut: { kinds: this.#kinds, unreadable, folders } };
  }

  /** One folder that can't be read must not cost the others. */
  async #tryEnter({ name, path }: ImageFile): Promise<void> {
    try {
      await this.enter(path, `${name}/`);
    } catch (thrown) {
      this.#refuse(name, thrown, "the folder can't be read");
    }
  }

  async #takeLink(link: ImageFile): Promise<void> {
    try {
      const target = await Deno.stat(link.path);
      if (target.isDirectory) this.#links.push(link);
      else this.#takeFile(link, target.isFile);
    } catch (thrown) {
      if (!(thrown instanceof Deno.errors.NotFound) || isNotUtf8(link.name)) {
        return this.#refuse(link.name, thrown, "the link can't be read");
      }
      this.#unreadable.push({ name: link.name, reason: "the link leads nowhere" });
    }
  }

  #takeFile(file: ImageFile, regular: boolean): void {
    const { name, path } = file;
    const top = topOf(name);
    if (top !== undefined) this.#tops.add(top);
    if (!regular) return this.#count("no regular file");
    try {
      if (isNotUtf8(name)) Deno.lstatSync(path);
      if (PICTURE_NAME.test(name) || startsAsPicture(path)) this.#files.push(file);
      else this.#count(kindOf(name));
    } catch (thrown) {
      this.#refuse(name, thrown, "the file can't be read");
    }
  }

  #count(kind: string): void {
    this.#kinds[kind] = (this.#kinds[kind] ?? 0) + 1;
  }

  #refuse(name: string, thrown: unknown, what: string): void {
    const reason = isNotUtf8(name) && thrown instanceof Deno.errors.NotFound
      ? "its name is not UTF-8; rename it"
      : `${what} (${reasonOf(thrown).replace(/: \w+ '.*/s, "")})`;
    this.#unreadable.push({ name, reason });
  }
}

/** In the order of names: file systems have orders of their own. */
async function sortedEntries(path: string): Promise<Deno.DirEntry[]> {
  const entries = await Array.fromAsync(Deno.readDir(path));
  return entries
    .filter(({ name }) => !name.startsWith("."))
    .sort((a, b) => a.name < b.name ? -1 : 1);
}

/** The system's names are turned into text with this mark for what is not UTF-8. */
function isNotUtf8(name: string): boolean {
  return name.includes("\ufffd");
}

function startsAsPicture(path: string): boolean {
  using file = Deno.openSync(path);
  const start = new Uint8Array(START);
  return readableFormat(start.subarray(0, file.readSync(start) ?? 0)) !== undefined;
}

/** The first folder in a name; undefined where there is none. */
function topOf(name: string): string | undefined {
  const end = name.indexOf("/");
  return end < 0 ? undefined : name.slice(0, end);
}

/** @throws {DataError} when the pictures of a folder are samples */
function expectData(folder: string, own: ReturnType<typeof ownFolder>): void {
  if (own !== "run" && own !== "page") return;
  throw new DataError(
    `Cannot load pictures from ${folder}: it is the folder of a ${own}, whose pictures a network ` +
      `drew; give a folder of pictures to learn from`,
  );
}

function unreadableFolder(folder: string, thrown: unknown): DataError {
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

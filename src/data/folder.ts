/**
 * Any folder of pictures.
 * @module
 */
import { ownFolder } from "../files/own_folders.ts";
import { isCacheFolder } from "./cache_folder.ts";
import { DataError, reasonOf } from "./errors.ts";
import { byName, expectPictures, Gathering, type Listing } from "./gathering.ts";
import type { ImageFile } from "./image_file.ts";
import { START } from "./picture_format.ts";

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
export async function listImages(folder: string): Promise<Listing<ImageFile>> {
  const listing = await listPictures(folder);
  expectPictures(folder, listing);
  return listing;
}

/**
 * Lists every picture below a folder, sorted by path, so that the order is the same on every
 * machine. Extensions, or else first bytes, identify pictures. Links are followed after all real
 * folders; names that start with a dot are ignored (they are thumbnails and other programs' notes,
 * not pictures).
 *
 * @returns names relative to the folder, with "/" on every system
 * @throws {DataError} when the folder itself is missing or can't be read
 */
export async function listPictures(folder: string): Promise<Listing<ImageFile>> {
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
  readonly #found = new Gathering<ImageFile>();
  /** Real paths of folders: a link can lead back to one above it. */
  readonly #seen = new Set<string>();
  #links: ImageFile[] = [];

  /** Takes the contents of a folder; `prefix` is its name with "/", empty for the first. */
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

  listing(): Listing<ImageFile> {
    const { files, leftOut } = this.#found.listing();
    return { files: files.toSorted(byName), leftOut };
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
      this.#found.refuse({ name: link.name, reason: "the link leads nowhere" });
    }
  }

  #takeFile(file: ImageFile, regular: boolean): void {
    const { name, path } = file;
    if (!regular) return this.#found.leave(name);
    try {
      if (isNotUtf8(name)) Deno.lstatSync(path);
      this.#found.take(file, () => startOf(path));
    } catch (thrown) {
      this.#refuse(name, thrown, "the file can't be read");
    }
  }

  #refuse(name: string, thrown: unknown, what: string): void {
    const reason = isNotUtf8(name) && thrown instanceof Deno.errors.NotFound
      ? "its name is not UTF-8; rename it"
      : `${what} (${reasonOf(thrown).replace(/: \w+ '.*/s, "")})`;
    this.#found.refuse({ name, reason });
  }
}

/** In the order of names: file systems have orders of their own. */
async function sortedEntries(path: string): Promise<Deno.DirEntry[]> {
  const entries = await Array.fromAsync(Deno.readDir(path));
  return entries
    .filter(({ name }) => !name.startsWith("."))
    .sort((a, b) => a.name < b.name ? -1 : 1);
}

/** The runtime replaces bytes of names that are not UTF-8 by this mark. */
function isNotUtf8(name: string): boolean {
  return name.includes("\ufffd");
}

function startOf(path: string): Uint8Array {
  using file = Deno.openSync(path);
  const start = new Uint8Array(START);
  return start.subarray(0, file.readSync(start) ?? 0);
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

/**
 * Tar archives of pictures as a data source.
 * @module
 */
import { type Bytes, exactly } from "../formats/bytes.ts";
import { FormatError } from "../formats/format_error.ts";
import { Inflated } from "../formats/inflated.ts";
import { tarEntries, type TarEntry } from "../formats/tar.ts";
import { findCifar } from "./cifar.ts";
import { type CifarPlace, cifarSource } from "./cifar_source.ts";
import { expectLength } from "./decode_file.ts";
import { DataError } from "./errors.ts";
import { FileBytes } from "./file_bytes.ts";
import { stateOf } from "./fingerprint.ts";
import { expectPictures, Gathering, isPictureName, type Listing } from "./gathering.ts";
import { type Labels, noClass, numberedLabels, textLabels } from "./labels.ts";
import { ofPool, pictureSource, withSplits } from "./picture_source.ts";
import { START } from "./picture_format.ts";
import type { FolderMeaning, Source } from "./source.ts";

/** Contents of an archive. */
export interface TarListing extends Listing<TarEntry> {
  /** All files and links in it. */
  readonly entries: readonly TarEntry[];
  /** Classes by the names of pictures, where each has a class file next to it. */
  readonly classes?: ReadonlyMap<string, string>;
}

/** A file with a class, as WebDataset names them: 000017.cls next to 000017.png. */
const CLASS_NAME = /\.cls$/i;

/** The text of a class is a number or a word. */
const LONGEST_CLASS = 256;

/**
 * The pictures in a tar archive, gzipped or not. Its folders mean the same as a folder's.
 *
 * @param onNote receives one sentence when folders are splits
 * @param folders meaning of folders called train, val and test
 * @throws {DataError} when the archive is damaged, or holds no picture
 */
export async function tarSource(
  name: string,
  onNote?: (sentence: string) => void,
  folders: FolderMeaning = "auto",
): Promise<Source> {
  const { classes, entries, ...listing } = listFile(name);
  const cifar = findCifar(entries.map((entry) => entry.name));
  if (cifar) return await cifarSource(name, cifar, placeOf(name, entries), onNote);
  expectPictures(name, listing);
  const pictures = withSplits(listing, folders, onNote);
  const { files } = pictures;
  const state = stateOf("archive", name);
  const source = await pictureSource(
    name,
    pictures,
    (file) => `${file.name} ${file.begin} ${state}`,
    (picture) => {
      const archive = openTar(name);
      const read = ({ begin, size }: TarEntry) => () => {
        expectLength(size);
        return exactly(archive.bytes, begin, size);
      };
      return ofPool(
        (pool, index) => pool.decode(read(files[index]), picture),
        () => archive.file.close(),
      );
    },
  );
  if (!classes) return source;
  const textOf = (index: number) => classes.get(source.names[index])!;
  const labels = (indices: readonly number[]) =>
    Promise.resolve(classLabels(indices.map(textOf), name));
  return { ...source, labels };
}

function placeOf(name: string, entries: readonly TarEntry[]): CifarPlace {
  const found = new Map(entries.map((entry) => [entry.name, entry]));
  return {
    stateOf: (path) => `${path} ${stateOf("archive", name)}`,
    inOrder: (paths) => paths.toSorted((a, b) => found.get(a)!.begin - found.get(b)!.begin),
    open: () => {
      const { file, bytes } = openTar(name);
      const read = (path: string) => {
        const { begin, size } = found.get(path)!;
        return exactly(bytes, begin, size);
      };
      return { read, close: () => file.close() };
    },
  };
}

/** Opens an archive. @throws {DataError} when it can't be read */
function openTar(name: string): { readonly file: FileBytes; readonly bytes: Bytes } {
  const file = FileBytes.open(name);
  const [first, second] = file.read(0, 2);
  const gzip = first === 0x1f && second === 0x8b;
  return { file, bytes: gzip ? new Inflated(file, "gzip") : file };
}

function listFile(name: string): TarListing {
  const { file, bytes } = openTar(name);
  try {
    return listTar(bytes);
  } catch (thrown) {
    if (!(thrown instanceof FormatError)) throw thrown;
    throw new DataError(`Cannot load ${name}: ${thrown.message}; fetch or make it again`);
  } finally {
    file.close();
  }
}

/**
 * Lists an archive. Names that start with a dot are ignored; of files of the same name the last
 * counts, as it does when they are unpacked.
 *
 * @throws {FormatError} when it is damaged
 */
export function listTar(bytes: Bytes): TarListing {
  const found = new Map<string, TarEntry & { readonly start: Uint8Array }>();
  for (const entry of tarEntries(bytes)) {
    const parts = entry.name.split("/").filter((part) => part !== "" && part !== ".");
    if (entry.kind === "folder" || parts.some((part) => part.startsWith("."))) continue;
    const name = parts.join("/");
    // Read on the way: in a packed archive there is no way back.
    const length = CLASS_NAME.test(name) ? LONGEST_CLASS : START;
    const unknown = entry.kind === "file" && !isPictureName(name);
    const start = unknown
      ? exactly(bytes, entry.begin, Math.min(length, entry.size))
      : new Uint8Array();
    found.delete(name);
    found.set(name, { ...entry, name, start });
  }
  const entries = [...found.values()];
  const isClass = ({ name, kind }: TarEntry) => kind === "file" && CLASS_NAME.test(name);
  const classes = new Map(
    entries.filter(isClass).map(({ name, start }) => [
      keyOf(name),
      new TextDecoder().decode(start).trim(),
    ]),
  );
  const gatheringOf = (taken: typeof entries) => {
    const gathering = new Gathering<TarEntry>();
    for (const { start, ...entry } of taken) {
      if (entry.kind === "file") gathering.take(entry, () => start);
      else gathering.leave(entry.name);
    }
    return gathering.listing();
  };
  const listing = gatheringOf(entries.filter((entry) => !isClass(entry)));
  if (classes.size === 0 || !listing.files.every(({ name }) => classes.has(keyOf(name)))) {
    return { ...gatheringOf(entries), entries };
  }
  return {
    ...listing,
    entries,
    classes: new Map(listing.files.map(({ name }) => [name, classes.get(keyOf(name))!])),
  };
}

/** The common part of the names of one example's files: up to the first dot. */
function keyOf(name: string): string {
  const file = name.lastIndexOf("/") + 1;
  const dot = name.indexOf(".", file);
  return dot < 0 ? name : name.slice(0, dot);
}

/** Numbers are the classes' own; words are numbered in their order. */
function classLabels(texts: readonly string[], source: string): Labels {
  const numbers = texts.map((text) => /^\d+$/.test(text) ? Number(text) : NaN);
  if (noClass(numbers) !== undefined) return textLabels(texts);
  return numberedLabels(numbers, texts.map((_, i) => i), source);
}

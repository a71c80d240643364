/**
 * Gathers the pictures among files, and lists the files left out.
 * @module
 */
import { DataError } from "./errors.ts";
import { kindOf, type LeftOut } from "./left_out.ts";
import { readableFormat, START } from "./picture_format.ts";
import type { Skipped } from "./skipped.ts";

/** Files with these names count as pictures without a look into them: there may be a million. */
const PICTURE_NAME = /\.(png|apng|jpe?g|jpe|jfif|webp|bmp|dib|gif)$/i;

/** Whether a file's name is that of a picture. */
export function isPictureName(name: string): boolean {
  return PICTURE_NAME.test(name);
}

/** The files found. */
export interface Listing<File> {
  /** The pictures. */
  readonly files: readonly File[];
  readonly leftOut: LeftOut;
}

/** Takes files one by one. */
export class Gathering<File extends { readonly name: string }> {
  readonly #files: File[] = [];
  readonly #kinds: Record<string, number> = {};
  readonly #unreadable: Skipped[] = [];
  /** First folders that hold any file. */
  readonly #tops = new Set<string>();

  /**
   * Takes a file: as a picture, by its name or else its first bytes, or as one that is left out.
   *
   * @param start its first bytes, read where they are needed
   */
  take(file: File, start: () => Uint8Array): void {
    this.#see(file.name);
    if (isPictureName(file.name) || readableFormat(start().subarray(0, START)) !== undefined) {
      this.#files.push(file);
    } else this.#count(kindOf(file.name));
  }

  /** Leaves something out that is no file. */
  leave(name: string): void {
    this.#see(name);
    this.#count("no regular file");
  }

  /** Leaves out an unreadable file. */
  refuse(skipped: Skipped): void {
    this.#unreadable.push(skipped);
  }

  /** All files found, pictures in the order of their discovery. */
  listing(): Listing<File> {
    const found = new Set(this.#files.map(({ name }) => topOf(name)));
    const folders = [...this.#tops].filter((top) => !found.has(top)).sort();
    const unreadable = this.#unreadable.sort(byName);
    return { files: this.#files, leftOut: { kinds: this.#kinds, unreadable, folders } };
  }

  #see(name: string): void {
    const top = topOf(name);
    if (top !== undefined) this.#tops.add(top);
  }

  #count(kind: string): void {
    this.#kinds[kind] = (this.#kinds[kind] ?? 0) + 1;
  }
}

/** By code unit: a locale's order would differ between machines. */
export function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : 1;
}

/** The first folder in a name; undefined where there is none. */
function topOf(name: string): string | undefined {
  const end = name.indexOf("/");
  return end < 0 ? undefined : name.slice(0, end);
}

/** @throws {DataError} when there is no picture */
export function expectPictures(source: string, listing: Listing<unknown>): void {
  if (listing.files.length > 0) return;
  throw new DataError(
    `Cannot load pictures from ${source}: it holds no PNG, JPEG, WebP, BMP or GIF file ` +
      `(${othersOf(listing)}, folders inside included); give one that has some`,
  );
}

/** The number of other files that were seen. */
export function othersOf({ leftOut: { kinds, unreadable } }: Listing<unknown>): string {
  const counts = Object.entries(kinds);
  const total = counts.reduce((sum, [, count]) => sum + count, unreadable.length);
  const named = counts.slice(0, 5).map(([kind, count]) => `${count} ${kind}`).join(", ");
  return `${total} other files seen${named && `: ${named}`}`;
}

/**
 * Unused contents of a folder, so that nothing is left out silently.
 * @module
 */
import type { Skipped } from "./skipped.ts";

/** Files and folders that were seen and not used. */
export interface LeftOut {
  /** Files that are no picture that can be read, counted by kind, such as ".txt" or ".avif". */
  readonly kinds: Readonly<Record<string, number>>;
  /** Files, folders and links that can't be read at all, each with its reason. */
  readonly unreadable: readonly Skipped[];
  /** First folders that have files and no picture: classes that would be missed. */
  readonly folders: readonly string[];
}

/** Kinds that are named; the others are counted together. */
const NAMED = 8;

/** A file's kind in the count: its extension, in lower case. */
export function kindOf(name: string): string {
  return /[^/](\.[^./\s]{1,12})$/.exec(name)?.[1].toLowerCase() ?? "without an extension";
}

/**
 * Adds the folders without any decodable picture.
 *
 * @param listed names of the pictures that were found
 * @param kept names of those that could be decoded
 */
export function withLostFolders(
  leftOut: LeftOut,
  listed: readonly string[],
  kept: readonly string[],
): LeftOut {
  const topOf = (name: string) => name.slice(0, Math.max(0, name.indexOf("/")));
  const found = new Set(kept.map(topOf));
  const lost = listed.map(topOf).filter((top) => !found.has(top));
  // Where pictures lie outside of folders, folders are no classes.
  const folders = found.has("") ? [] : [...new Set([...leftOut.folders, ...lost])].sort();
  return { ...leftOut, folders: folders.filter((folder) => folder !== "") };
}

/** Sentences on the files left out, except those named one by one. */
export function leftOutLines({ kinds, folders }: LeftOut): string[] {
  const counts = Object.entries(kinds).sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  const total = counts.reduce((sum, [, count]) => sum + count, 0);
  const shown = counts.slice(0, NAMED).map(([kind, count]) => `${count} ${kind}`);
  const rest = counts.slice(NAMED).reduce((sum, [, count]) => sum + count, 0);
  const lines: string[] = [];
  if (total > 0) {
    lines.push(
      `Left out ${total} ${total === 1 ? "file that is" : "files that are"} not PNG, JPEG, WebP, ` +
        `BMP or GIF: ${[...shown, ...rest > 0 ? [`${rest} others`] : []].join(", ")}`,
    );
  }
  if (folders.length > 0) {
    const more = folders.length > NAMED ? ` and ${folders.length - NAMED} more` : "";
    lines.push(`Found no readable picture in ${folders.slice(0, NAMED).join(", ")}${more}`);
  }
  return lines;
}

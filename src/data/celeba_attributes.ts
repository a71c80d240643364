/**
 * CelebA's list of attributes as labels.
 * @module
 */
import { DataError } from "./errors.ts";
import type { Labels } from "./labels.ts";

/** Names of the list in the distribution, and elsewhere. */
export const ATTRIBUTE_LISTS = ["list_attr_celeba.txt", "list_attr_celeba.csv"];

/** Whether a file's beginning is that of a list of attributes. */
export function isAttributeList(start: string): boolean {
  const lines = start.split(/\r?\n/, 3);
  const header = attributeLine(lines);
  const values = cellsOf(lines[header?.first ?? 0] ?? "").slice(1);
  // A table of pictures and classes can begin with the same word.
  return header !== undefined && values.length > 1 &&
    values.every((value) => ["1", "-1", "0"].includes(value));
}

/**
 * Two classes from one column of list_attr_celeba: "not Smiling" and "Smiling".
 *
 * Both forms are read: a first line with the number of images, a second with the attributes, then
 * `NAME 1 -1 ...`; or comma-separated values with one line of headings.
 *
 * @param text the whole list
 * @param names of the images, with or without folders
 * @param attribute such as "Smiling"
 * @param source name of the list in messages, e.g. its path
 * @throws {DataError} when there is no such attribute, a line is broken or an image isn't listed
 */
export function attributeLabels(
  text: string,
  names: readonly string[],
  attribute: string,
  source: string,
): Labels {
  const lines = text.split(/\r?\n/);
  const header = attributeLine(lines);
  if (!header) {
    throw new DataError(
      `Cannot label by ${source}: it doesn't begin as ${
        ATTRIBUTE_LISTS[0]
      } does, with the number ` +
        `of images and the names of the attributes; give that file`,
    );
  }
  const column = header.attributes.indexOf(attribute);
  if (column < 0) {
    throw new DataError(
      `Cannot label by ${source}: it has no attribute "${attribute}"; it has ` +
        header.attributes.join(", "),
    );
  }
  const values = new Map<string, number>();
  for (let i = header.first; i < lines.length; i++) {
    if (lines[i].trim() === "") continue;
    const cells = cellsOf(lines[i]);
    const value = cells[column + 1];
    if (cells.length !== header.attributes.length + 1 || !["1", "-1", "0"].includes(value)) {
      throw new DataError(
        `Cannot label by ${source}: line ${i + 1} is ${JSON.stringify(lines[i].slice(0, 80))}, ` +
          `where a name and ${header.attributes.length} values of 1 or -1 are expected; fetch it ` +
          `again`,
      );
    }
    values.set(cells[0], value === "1" ? 1 : 0);
  }
  const labels = names.map((name) => values.get(name.slice(name.lastIndexOf("/") + 1)) ?? -1);
  const missing = labels.indexOf(-1);
  if (missing >= 0) {
    throw new DataError(
      `Cannot label by ${source}: it doesn't list ${names[missing]}; give the list of these images`,
    );
  }
  return { values: Uint32Array.from(labels), classNames: [`not ${attribute}`, attribute] };
}

/** The names of the attributes, and the number of the first line after them. */
function attributeLine(
  lines: readonly string[],
): { attributes: string[]; first: number } | undefined {
  if (/^image_id,/.test(lines[0])) return { attributes: cellsOf(lines[0]).slice(1), first: 1 };
  if (!/^\s*\d+\s*$/.test(lines[0]) || lines[1] === undefined) return undefined;
  return { attributes: cellsOf(lines[1]), first: 2 };
}

function cellsOf(line: string): string[] {
  return line.trim().split(/\s*,\s*|\s+/);
}

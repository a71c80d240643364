/**
 * A table of files and classes as labels.
 * @module
 */
import { parseCsv, type Row } from "./csv.ts";
import { DataError } from "./errors.ts";
import { isPictureName } from "./gathering.ts";
import { type Labels, textLabels } from "./labels.ts";

const FILE =
  /^(file|filename|file name|path|filepath|image|image id|image name|img|id|name|picture)$/;
const CLASS = /^(class|classname|class name|label|labels|target|category|y)$/;

/** Labels of those pictures that the table names. */
export interface CsvLabels {
  readonly labels: Labels;
  /** (count), 1 for pictures without a row; their value is 0. */
  readonly without: Uint8Array;
  /** Says how many pictures have no row and how many rows no picture; absent where none. */
  readonly note?: string;
}

/**
 * Labels from a table. A row names its picture by the path from the table or in the data source, by
 * the file's name, or by that without its extension.
 *
 * @param text the whole table
 * @param names of the pictures
 * @param source name of the table in messages, e.g. its path
 * @param prefix the data source's folder, seen from that of the table, with "/" at its end; empty
 * where both are the same, or it is unknown
 * @throws {DataError} when it is no such table, a row is broken, or no row has a picture
 */
export function csvLabels(
  text: string,
  names: readonly string[],
  source: string,
  prefix = "",
): CsvLabels {
  const rows = parseCsv(text);
  if (!rows) throw noTable(source, "it has no line of a file and a class");
  const lookUp = pictureFinder(names, source, prefix);
  const { fileAt, classAt, width, body } = columnsOf(rows, lookUp, source);
  const classes: (string | undefined)[] = Array(names.length).fill(undefined);
  let unused = 0;
  for (const { line, cells } of body) {
    if (cells.length !== width) {
      throw new DataError(
        `Cannot label by ${source}: line ${line} has ${cells.length} values, where ${width} are ` +
          `expected; put values with marks into double quotes`,
      );
    }
    const picture = lookUp(cells[fileAt]);
    const name = cells[classAt];
    if (picture === undefined) unused++;
    else if (name !== "") {
      if ((classes[picture] ?? name) !== name) {
        throw new DataError(
          `Cannot label by ${source}: line ${line} says that ${
            cells[fileAt]
          } is of class ${name}, ` +
            `an earlier one that it is of ${classes[picture]}; remove one`,
        );
      }
      classes[picture] = name;
    }
  }
  const known = classes.filter((name) => name !== undefined);
  if (known.length === 0) {
    throw new DataError(
      `Cannot label by ${source}: none of its ${body.length} rows names a picture, such as ` +
        `${names[0]}; give the table of these pictures`,
    );
  }
  const { values, classNames } = textLabels(known);
  let next = 0;
  return {
    labels: {
      values: Uint32Array.from(classes, (name) => name === undefined ? 0 : values[next++]),
      classNames,
    },
    without: Uint8Array.from(classes, (name) => name === undefined ? 1 : 0),
    note: noteOf(source, names.length - known.length, unused),
  };
}

function noteOf(source: string, without: number, unused: number): string | undefined {
  const parts = [
    ...without > 0 ? [`${without} pictures have no class and are left out`] : [],
    ...unused > 0 ? [`${unused} rows name no picture`] : [],
  ];
  return parts.length > 0 ? `Labels of ${source}: ${parts.join("; ")}` : undefined;
}

/** The number of the picture that a text names; undefined where it names none. */
type LookUp = (text: string) => number | undefined;

function pictureFinder(names: readonly string[], source: string, prefix: string): LookUp {
  const [full, short, stems] = [names, names.map(lastOf), names.map(stemOf)]
    .map((texts) => Map.groupBy(texts.keys(), (i) => texts[i]));
  return (text) => {
    const path = text.replaceAll("\\", "/").replace(/^(\.\/)+/, "");
    const inside = prefix !== "" && path.startsWith(prefix) ? path.slice(prefix.length) : path;
    const found = full.get(inside) ?? full.get(path) ?? short.get(lastOf(path)) ??
      stems.get(path);
    if (found === undefined || found.length === 1) return found?.[0];
    throw new DataError(
      `Cannot label by ${source}: ${text} is what ${found.length} pictures are called, ` +
        `${names[found[0]]} and ${names[found[1]]} among them; give paths from the data's folder`,
    );
  };
}

function lastOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

function stemOf(path: string): string {
  return lastOf(path).replace(/\.[^.]*$/, "");
}

/** Which columns hold files and classes, and the rows below a heading. */
function columnsOf(
  rows: readonly Row[],
  lookUp: LookUp,
  source: string,
): { fileAt: number; classAt: number; width: number; body: readonly Row[] } {
  const [first, second] = rows;
  if (!first) throw noTable(source, "it is empty");
  const width = first.cells.length;
  const isPicture = (cell = "") => isPictureName(cell) || lookUp(cell) !== undefined;
  const named = first.cells.findIndex(isPicture);
  if (named >= 0 && width === 2) return { fileAt: named, classAt: 1 - named, width, body: rows };
  const words = first.cells.map((cell) => cell.toLowerCase().replace(/[_\s-]+/g, " ").trim());
  const [files, classes] = [FILE, CLASS].map((pattern) =>
    [...words.keys()].filter((at) => pattern.test(words[at]))
  );
  const fileAt = files.find((at) => isPicture(second?.cells[at])) ?? files[0] ?? 0;
  const classAt = classes.length === 1 ? classes[0] : width === 2 ? 1 - fileAt : undefined;
  if (named < 0 && classAt !== undefined && classAt !== fileAt) {
    return { fileAt, classAt, width, body: rows.slice(1) };
  }
  throw noTable(
    source,
    `which of its ${width} columns holds the class isn't clear (${
      first.cells.slice(0, 6).join(", ").slice(0, 100)
    })`,
  );
}

function noTable(source: string, what: string): DataError {
  return new DataError(
    `Cannot label by ${source}: ${what}; give two columns, file and class, separated by ` +
      `commas, semicolons or tabs, or name them in a first line`,
  );
}

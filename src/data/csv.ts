/**
 * Tables as text: values separated by commas, semicolons or tabs.
 * @module
 */

/** A row, and the number of the line that it begins on. */
export interface Row {
  readonly line: number;
  readonly cells: readonly string[];
}

/** The mark that parts the first line into most cells, a comma last, for texts have commas; undefined where it has only one. */
function markOf(text: string): string | undefined {
  const first = (/^\s*(.*)/.exec(text)?.[1] ?? "").replace(/"[^"]*"/g, "");
  const counts = ["\t", ";", ","].map((mark): [number, string] => [first.split(mark).length, mark]);
  const [[count, mark]] = counts.sort(([a], [b]) => b - a);
  return count > 1 ? mark : undefined;
}

/**
 * The rows of a table; empty lines are none. A cell in double quotes can hold marks, line breaks,
 * and quotes that are doubled.
 *
 * @returns undefined where the first line has no mark
 */
export function parseCsv(text: string): Row[] | undefined {
  const mark = markOf(text);
  if (mark === undefined) return undefined;
  const rows: Row[] = [];
  const cell = mark === "\t" ? CELL.tab : mark === ";" ? CELL.semicolon : CELL.comma;
  let line = 1;
  let row: { line: number; cells: string[] } = { line, cells: [] };
  cell.lastIndex = 0;
  while (cell.lastIndex < text.length || row.cells.length > 0) {
    const [whole, quoted, plain, end] = cell.exec(text)!;
    row.cells.push(quoted === undefined ? plain.trim() : quoted.replaceAll('""', '"'));
    line += whole.split("\n").length - 1;
    if (end === mark) continue;
    if (row.cells.some((value) => value !== "")) rows.push(row);
    row = { line, cells: [] };
  }
  return rows;
}

/** A cell, quoted or plain, and its end: the mark, a line break, or the end of the text. */
const cellUpTo = (mark: string) =>
  new RegExp(
    `(?:[ ]*"([^"]*(?:""[^"]*)*)"[ ]*(?=[${mark}\\r\\n]|$)|([^${mark}\\r\\n]*))` +
      `([${mark}]|\\r\\n|\\r|\\n|$)`,
    "gy",
  );

const CELL = { comma: cellUpTo(","), semicolon: cellUpTo(";"), tab: cellUpTo("\\t") };

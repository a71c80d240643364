/**
 * Guesses the known name behind a mistyped one.
 *
 * @module
 */

/** The nearest of `known`, if it is near enough to suggest. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  let least = Math.max(2, name.length / 3);
  let found: string | undefined;
  for (const candidate of known) {
    const edits = distance(name, candidate);
    if (edits > least || edits === least && found !== undefined) continue;
    [least, found] = [edits, candidate];
  }
  return found;
}

/** `: did you mean X?`, or nothing. */
export function suggestion(name: string, known: readonly string[]): string {
  const found = nearest(name, known);
  return found === undefined ? "" : `: did you mean ${found}?`;
}

/** Letters to insert, delete or replace (Levenshtein). */
function distance(a: string, b: string): number {
  const row = Array.from({ length: b.length + 1 }, (_, i) => i);
  [...a].forEach((letter, i) => {
    let corner = i;
    row[0] = i + 1;
    for (let j = 1; j < row.length; j++) {
      const edits = Math.min(row[j] + 1, row[j - 1] + 1, corner + (letter === b[j - 1] ? 0 : 1));
      [corner, row[j]] = [row[j], edits];
    }
  });
  return row[b.length];
}

/**
 * Paths in commands that are printed to be pasted.
 *
 * @module
 */

/** A path, or another argument, as a shell takes it. */
export function quoted(path: string): string {
  return /^[\w./~+:@%=,][\w./~+:@%=,-]*$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
}

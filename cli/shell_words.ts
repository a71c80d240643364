/**
 * Words of a command line to copy.
 *
 * @module
 */

/** A path, or another word, as a shell takes it. */
export function quoted(word: string): string {
  return /^[\w./~+:@%=,][\w./~+:@%=,-]*$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

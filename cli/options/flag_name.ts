/**
 * Names of the library's fields on the command line.
 *
 * @module
 */
import type { OptionNamer } from "../../src/run/errors.ts";

/** `--batch-size` of `batchSize`. */
export function flagOf(key: string): string {
  return "--" + key.replace(/[A-Z]/g, (letter) => "-" + letter.toLowerCase());
}

/** Names options in the messages of a run: `--batch-size`, or `--batch-size 16`. */
export const flagNamer: OptionNamer = (option, value) =>
  value === undefined ? flagOf(option) : `${flagOf(option)} ${value}`;

/**
 * Checks a header for what JSON.parse accepts: repeated keys, and endless nesting.
 *
 * @module
 */
import { CheckpointError } from "./errors.ts";

/** A header holds entries, these hold lists. */
const MAX_DEPTH = 3;

/** Strings and structural characters of a JSON text; all else lies between them. */
const TOKENS = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\]:]/gs;

/**
 * Checks the keys of a JSON text; JSON.parse checks its syntax.
 *
 * @throws {CheckpointError} when a key comes twice in an object, or lists and objects are nested
 * more than three deep
 */
export function checkKeys(text: string): void {
  /** Keys of the objects that are open; none for a list. */
  const open: (Set<string> | undefined)[] = [];
  let string = "";
  for (const [token] of text.matchAll(TOKENS)) {
    if (token === "{" || token === "[") {
      open.push(token === "{" ? new Set() : undefined);
      if (open.length > MAX_DEPTH) throw new CheckpointError("its header is nested too deeply");
    } else if (token === "}" || token === "]") {
      open.pop();
    } else if (token !== ":") {
      string = token;
    } else {
      const key: string = JSON.parse(string);
      const keys = open.at(-1);
      if (keys?.has(key)) {
        throw new CheckpointError(`its header has the key ${key} twice`);
      }
      keys?.add(key);
    }
  }
}

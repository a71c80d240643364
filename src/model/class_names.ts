/**
 * Names of the classes that a network knows.
 *
 * @module
 */
import type { Checkpoint } from "./checkpoint.ts";

/** Metadata of an exported checkpoint: the names as a JSON list. */
export const CLASS_NAMES = "class_names";

/** The names by number, where the checkpoint has them: a run's with its training, an export in its card. */
export function classNamesOf({ training, about }: Checkpoint): readonly string[] | undefined {
  const names = training?.classNames ?? parsed(about?.[CLASS_NAMES]);
  if (!Array.isArray(names) || !names.every((name) => typeof name === "string")) return undefined;
  return names.length === 0 ? undefined : names;
}

function parsed(text = "null"): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // a card is no reason to refuse a checkpoint
  }
}

/** The number of the class that is given by its name or number; none where there is no such class. */
export function classNumber(
  text: string,
  numClasses: number,
  names: readonly string[],
): number | undefined {
  const number = names.includes(text) ? names.indexOf(text) : text === "" ? NaN : Number(text);
  return Number.isInteger(number) && number >= 0 && number < numClasses ? number : undefined;
}

/** Names and numbers between commas; ranges of numbers (0..9) that there are classes of, written out. */
export function listedClasses(text: string, numClasses: number): string[] {
  return text.split(",").flatMap((part) => {
    const [first, last] = /^\s*(\d+)\.\.(\d+)\s*$/.exec(part)?.slice(1).map(Number) ?? [];
    if (!(first <= last && last < numClasses)) return [part.trim()];
    return Array.from({ length: last - first + 1 }, (_, i) => String(first + i));
  });
}

/** Classes by name, where there are names and few enough to be told; else by number. */
export function knownClasses(numClasses: number, names: readonly string[]): string {
  return names.length > 0 && names.length <= 12 ? names.join(", ") : `0 to ${numClasses - 1}`;
}

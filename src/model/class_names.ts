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

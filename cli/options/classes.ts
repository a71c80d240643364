/**
 * Classes given on the command line.
 *
 * @module
 */
import type { Checkpoint } from "../../src/model/checkpoint.ts";
import { ClassError, classNamesOf, readClassList } from "../../src/model/class_names.ts";
import { CommandError } from "../errors.ts";
import { suggestion } from "../../src/options/nearest.ts";

/**
 * Classes given by name, or by number, or as ranges (0..9), between commas.
 *
 * @param names of the classes; a record always has numbers
 * @throws {CommandError} when the network has no classes, or lacks one of them
 */
export function readClasses(
  text: string,
  checkpoint: Checkpoint,
  names = classNamesOf(checkpoint) ?? [],
): number[] {
  const { numClasses } = checkpoint.config;
  if (numClasses === 0) {
    throw new CommandError(`--class is ${text}, but this network has no classes: leave it out`);
  }
  try {
    return readClassList(text, numClasses, names);
  } catch (thrown) {
    if (!(thrown instanceof ClassError)) throw thrown;
    const near = /^[\d.]*$/.test(thrown.asked) ? "" : suggestion(thrown.asked, names);
    throw new CommandError(near ? `There is no class "${thrown.asked}"${near}` : thrown.message);
  }
}

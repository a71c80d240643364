/**
 * Classes given on the command line.
 *
 * @module
 */
import type { Checkpoint } from "../../src/model/checkpoint.ts";
import {
  classNamesOf,
  classNumber,
  knownClasses,
  listedClasses,
} from "../../src/model/class_names.ts";
import { CommandError } from "../errors.ts";
import { suggestion } from "./nearest.ts";

/**
 * Classes given by name, number or range of numbers (0..9), between commas.
 *
 * @throws {CommandError} when the network knows none, or not one of them
 */
export function readClasses(text: string, checkpoint: Checkpoint): number[] {
  const { numClasses } = checkpoint.config;
  if (numClasses === 0) {
    throw new CommandError(`--class is ${text}, and this network knows no classes: leave it out`);
  }
  const names = classNamesOf(checkpoint) ?? [];
  return listedClasses(text, numClasses).map((name) => {
    const number = classNumber(name, numClasses, names);
    if (number !== undefined) return number;
    throw new CommandError(
      `There is no class "${name}"${
        suggestion(name, names) || `: this network knows ${knownClasses(numClasses, names)}`
      }`,
    );
  });
}

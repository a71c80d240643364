/**
 * The classes of a run's images and of its network, which must be the same, and their names.
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
import type { OpenedRun } from "../../src/run/saved_run.ts";

/**
 * A run whose network knows the classes of its images.
 *
 * @param classNames of the images; undefined where they are not labelled
 * @throws {CommandError} when the network is to know classes and the images have none, or more
 */
export function withClasses(
  opened: OpenedRun,
  classNames: readonly string[] | undefined,
): OpenedRun {
  const { settings } = opened;
  const { numClasses } = settings.network;
  const found = classNames?.length ?? 0;
  if (numClasses === 0 && found > 0) {
    const network = { ...settings.network, numClasses: found };
    return { ...opened, settings: { ...settings, network } };
  }
  if (numClasses > 0 && found === 0) {
    throw new CommandError(
      `The network is to know ${numClasses} classes, and the images have none: give --labels auto, ` +
        `--labels FILE or --label-attribute NAME`,
    );
  }
  if (found > numClasses) {
    throw new CommandError(
      `The network knows ${numClasses} classes, and the images are of ${found}: give a larger ` +
        `--num-classes in a new run, or the labels that it was begun with`,
    );
  }
  return opened;
}

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

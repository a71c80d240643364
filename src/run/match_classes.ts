/**
 * The classes of a run's images and of its network, which must be the same.
 *
 * @module
 */
import { RunError } from "./errors.ts";
import type { Settings } from "./settings.ts";

/**
 * Gives the network as many classes as the images have, if it has no number of its own.
 *
 * @param classNames of the images; undefined where they are not labeled
 * @throws {RunError} when the network needs classes and the images have none, or more
 */
export function withClasses(
  settings: Settings,
  classNames: readonly string[] | undefined,
): Settings {
  const { numClasses } = settings.network;
  const found = classNames?.length ?? 0;
  if (numClasses === 0 && found > 0) {
    return { ...settings, network: { ...settings.network, numClasses: found } };
  }
  if (numClasses > 0 && found === 0) {
    throw new RunError((nameOf) =>
      `The network has ${numClasses} classes, but the images have none: give ` +
      `${nameOf("labels", "auto")}, ${nameOf("labels", "FILE")} or ${
        nameOf("labelAttribute", "NAME")
      }`
    );
  }
  if (found > numClasses) {
    throw new RunError((nameOf) =>
      `The network has ${numClasses} classes, but the images have ${found}: give a larger ` +
      `${nameOf("numClasses")} in a new run, or the labels that it started with`
    );
  }
  return settings;
}

/**
 * Classes as the network is given them.
 *
 * @module
 */
import type { RinConfig } from "../model/config.ts";
import { checkValue } from "../options/schema.ts";
import { SAMPLE_OPTIONS } from "./sample_options.ts";

/**
 * Rows (batch) of the table of classes: the label, or the last row, which means no class.
 *
 * @param labels classes from 0 on; -1 for none; nothing at all means none for every example
 * @throws {RangeError} when their number or one of them is not possible
 */
export function labelRows(
  { numClasses }: RinConfig,
  batch: number,
  labels?: ArrayLike<number>,
): Uint32Array<ArrayBuffer> {
  if (labels === undefined) return new Uint32Array(batch).fill(numClasses);
  if (numClasses === 0) {
    throw new RangeError("There are labels, but the network has no classes: numClasses is 0");
  }
  checkValue(SAMPLE_OPTIONS.labels, "labels", labels);
  if (labels.length !== batch) {
    throw new RangeError(
      `There are ${labels.length} labels: expected one for each of ${batch} images`,
    );
  }
  return Uint32Array.from(labels, (label) => {
    if (label >= numClasses) {
      throw new RangeError(
        `A label is ${label}: expected a class from 0 to ${numClasses - 1}, or -1 for none`,
      );
    }
    return label === -1 ? numClasses : label;
  });
}

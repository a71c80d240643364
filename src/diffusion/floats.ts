/**
 * Checks of arrays from callers.
 *
 * @module
 */
import { checkValue } from "../options/schema.ts";
import { SAMPLE_OPTIONS } from "./sample_options.ts";

/**
 * @throws {RangeError} when it is no Float32Array of a length, or holds a number that is not finite
 */
export function expectFloats(name: string, array: Float32Array, length: number): void {
  checkValue(SAMPLE_OPTIONS.image, name, array);
  if (array.length !== length) {
    throw new RangeError(`${name} has ${array.length} numbers: expected ${length}`);
  }
  const at = array.findIndex((value) => !Number.isFinite(value));
  if (at >= 0) {
    throw new RangeError(`${name} has ${array[at]} at place ${at}: expected finite numbers`);
  }
}

/** @throws {RangeError} when they are no times, at least one of them */
export function expectTimes(times: Float32Array): void {
  checkValue(SAMPLE_OPTIONS.image, "t", times);
  if (times.length === 0) throw new RangeError("t is empty: expected one time for each image");
  for (const time of times) checkValue(SAMPLE_OPTIONS.strength, "A time", time);
}

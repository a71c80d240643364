/**
 * Arrays that a caller gives.
 *
 * @module
 */
import { shown, tagOf } from "../model/schema.ts";

/** @throws {RangeError} when it is no Float32Array of a length, or holds what is no finite number */
export function expectFloats(name: string, array: Float32Array, length: number): void {
  if (tagOf(array) !== "Float32Array") {
    throw new RangeError(`${name} is ${shown(array)}: needed a Float32Array of ${length} numbers`);
  }
  if (array.length !== length) {
    throw new RangeError(`${name} has ${array.length} numbers: needed ${length}`);
  }
  const at = array.findIndex((value) => !Number.isFinite(value));
  if (at >= 0) {
    throw new RangeError(`${name} has ${array[at]} at place ${at}: needed finite numbers`);
  }
}

/** @throws {RangeError} when they are no times, at least one of them */
export function expectTimes(times: Float32Array): void {
  if (tagOf(times) !== "Float32Array" || times.length === 0) {
    const found = tagOf(times) === "Float32Array" ? "empty" : shown(times);
    throw new RangeError(`t is ${found}: needed a Float32Array, one time for each image`);
  }
  const wrong = times.find((time) => !(time >= 0 && time <= 1));
  if (wrong !== undefined) throw new RangeError(`t has ${wrong}: needed times from 0 to 1`);
}

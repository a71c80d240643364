// Comparisons of float32 results with their float64 references, and test data exact in float32.

import { assert, assertEquals } from "@std/assert";
import { randomArray } from "../reference/finite_difference.ts";

/** Standard normals rounded to float32, so that a kernel and its reference begin with the same numbers. */
export function data(length: number, stream: number, scale = 1): Float64Array {
  return Float64Array.from(randomArray(length, stream), (value) => Math.fround(scale * value));
}

/** Largest absolute value. */
export function largest(values: ArrayLike<number>): number {
  let found = 0;
  for (let i = 0; i < values.length; i++) found = Math.max(found, Math.abs(values[i]));
  return found;
}

/** Fails unless all values differ by at most `tolerance`, or any is NaN. */
export function assertWithin(
  name: string,
  found: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
): void {
  assertEquals(found.length, expected.length, `${name}: number of values`);
  for (let i = 0; i < found.length; i++) {
    const error = Math.abs(found[i] - expected[i]);
    assert(
      error <= tolerance,
      `${name}[${i}] is ${found[i]}, expected ${
        expected[i]
      }: off by ${error}, more than ${tolerance}`,
    );
  }
}

/** Fails unless all values lie within `relative` times the largest expected value. */
export function assertClose(
  name: string,
  found: ArrayLike<number>,
  expected: ArrayLike<number>,
  relative = 1e-5,
): void {
  const size = largest(expected);
  assert(size > 0, `${name}: all expected values are zero, which tests nothing`);
  assertWithin(name, found, expected, relative * size);
}

/** Fails unless both hold the same bits. */
export function assertSameBits(name: string, found: Float32Array, expected: Float32Array): void {
  assertEquals(found.length, expected.length, `${name}: number of values`);
  const bits = (values: Float32Array) =>
    new Uint32Array(values.buffer, values.byteOffset, values.length);
  const [a, b] = [bits(found), bits(expected)];
  for (let i = 0; i < a.length; i++) {
    if (a[i] !== b[i]) throw new Error(`${name}[${i}] is ${found[i]}, expected ${expected[i]}`);
  }
}

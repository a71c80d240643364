// Checks an adjoint against central finite differences of its forward.

import { assert } from "@std/assert";
import { normal } from "./random.ts";

/** Standard normal test data; each stream is its own sequence. */
export function randomArray(length: number, stream: number): Float64Array {
  return Float64Array.from({ length }, (_, i) => normal(7, stream, i));
}

/** `sum_i weights[i] values[i]`. */
export function dot(weights: Float64Array, values: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < weights.length; i++) sum += weights[i] * values[i];
  return sum;
}

/** Largest absolute value; NaN when there is one. */
export function largest(values: ArrayLike<number>): number {
  let found = 0;
  for (let i = 0; i < values.length; i++) {
    if (!(Math.abs(values[i]) <= found)) found = Math.abs(values[i]);
  }
  return found;
}

/** Largest absolute difference; NaN when either has one. Throws for unequal lengths. */
export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) throw new RangeError(`${a.length} values against ${b.length}`);
  return largest(Float64Array.from(a, (value, i) => value - b[i]));
}

/** Fails unless `gradient` is that of `loss`, which reads `argument`, within 1e-6 of its largest value. */
export function checkGradient(
  name: string,
  loss: () => number,
  argument: Float64Array,
  gradient: Float64Array,
  tolerance = 1e-6,
): void {
  const step = 1e-5;
  const numeric = new Float64Array(argument.length);
  for (let i = 0; i < argument.length; i++) {
    const value = argument[i];
    argument[i] = value + step;
    const above = loss();
    argument[i] = value - step;
    numeric[i] = (above - loss()) / (2 * step);
    argument[i] = value;
  }
  const error = largestDifference(numeric, gradient);
  const size = largest(numeric);
  assert(size > 0, `${name}: the gradient is zero everywhere, which tests nothing`);
  assert(error <= tolerance * size, `${name}: off by ${error} where the largest value is ${size}`);
}

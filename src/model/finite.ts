/**
 * Numbers that must be finite: with one that isn't, a network draws black.
 *
 * @module
 */
import { CheckpointError } from "./errors.ts";

/** Index of the first number that is not finite; -1 where all are. */
export function firstNotFinite(values: Float32Array): number {
  // The sum is finite where all numbers are, unless they are enormous: so most need no second look.
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  return Number.isFinite(sum) ? -1 : values.findIndex((value) => !Number.isFinite(value));
}

/** The largest half-precision number. */
export const MAX_F16 = 65504;

/** The first number beyond half precision, if there is one. */
export function beyondHalf(weights: Float32Array): number | undefined {
  return weights.find((value) => !(Math.abs(value) <= MAX_F16));
}

/** @throws {CheckpointError} when a tensor of a network holds a number that is not finite */
export function expectFinite(name: string, values: Float32Array): void {
  const at = firstNotFinite(values);
  if (at < 0) return;
  throw new CheckpointError(
    `its tensor ${name} has the value ${values[at]} at place ${at}, where a network needs finite ` +
      "numbers in float32: its training broke; use an earlier checkpoint",
  );
}

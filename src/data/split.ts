/**
 * Which images are held out for validation.
 * @module
 */
import { fnv1a, mix32 } from "./hash.ts";

/** The share that is held out where nothing else is said. */
export const DEFAULT_VALID_FRACTION = 0.05;

/** Two parts of a list; together they are all of it. */
export interface Parts<T> {
  /** To train on. */
  readonly train: T[];
  /** Held out. */
  readonly valid: T[];
}

/**
 * Whether an image is held out, by a hash of its name alone: adding or removing other files moves
 * no image from one side to the other.
 *
 * @param fraction the share to hold out, in [0, 1)
 */
export function isHeldOut(name: string, fraction: number): boolean {
  // FNV-1a alone leaves numbered names in a pattern.
  return mix32(fnv1a(name)) < fraction * 2 ** 32;
}

/**
 * Splits a list by {@linkcode isHeldOut}. In a set so small that one side would stay empty, both
 * sides are all of it: the figures are then of how well it is learnt by heart, which is what there
 * is to measure.
 */
export function splitByName<T>(
  items: readonly T[],
  nameOf: (item: T) => string,
  fraction: number = DEFAULT_VALID_FRACTION,
): Parts<T> {
  const train = items.filter((item) => !isHeldOut(nameOf(item), fraction));
  const valid = items.filter((item) => isHeldOut(nameOf(item), fraction));
  if (train.length === 0 || valid.length === 0) return { train: [...items], valid: [...items] };
  return { train, valid };
}

/** Splits a list by holding out its 1st, 21st, 41st, ... item. */
export function splitEvery20th<T>(items: readonly T[]): Parts<T> {
  return {
    train: items.filter((_, i) => i % 20 !== 0),
    valid: items.filter((_, i) => i % 20 === 0),
  };
}

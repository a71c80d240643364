/**
 * Which images are held out for validation.
 * @module
 */
import { fnv1a, mix32 } from "./hash.ts";

/** The share that is held out where nothing else is said. */
export const DEFAULT_VALID_FRACTION = 0.05;

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

/**
 * Images that lie in memory.
 * @module
 */
import type { ImageSet } from "./image_set.ts";

/** A set whose pixels are all at hand. */
export interface MemorySet extends ImageSet {
  /** One name per image, in the order of the pixels. */
  readonly names: readonly string[];
  /** (count, 3, R, R), values 0..255. */
  readonly pixels: Uint8Array;
}

/** Gives `read` to pixels in memory. */
export function memorySet(parts: Omit<MemorySet, "read">): MemorySet {
  const { imageSize, count, pixels } = parts;
  const stride = 3 * imageSize ** 2;
  const read = (indices: ArrayLike<number>): Promise<Uint8Array> => {
    const out = new Uint8Array(indices.length * stride);
    for (let i = 0; i < indices.length; i++) {
      const index = indices[i];
      if (!(Number.isInteger(index) && index >= 0 && index < count)) {
        return Promise.reject(new RangeError(`Cannot take image ${index} of a set of ${count}`));
      }
      out.set(pixels.subarray(index * stride, (index + 1) * stride), i * stride);
    }
    return Promise.resolve(out);
  };
  return { ...parts, read };
}

/**
 * Cuts operations on whole slabs, whose bindings could exceed a device's limit.
 *
 * @module
 */
import { type Tensor, view } from "../../graph/tensor.ts";

/** Elements of a window: 64 MiB, half of the smallest maxStorageBufferBindingSize that there is. */
export const WINDOW = 2 ** 24;

/** A part of a slab. */
export interface SlabWindow {
  /** Its first element. */
  readonly first: number;
  /** Number of elements. */
  readonly size: number;
  /** Its part of a tensor of the slab's size, and `more` elements behind it where there are so many. */
  of(tensor: Tensor, more?: number): Tensor;
}

/** Cuts `size` elements of tensors into windows of `most`; those of activations stay whole. */
export function windows(
  size: number,
  tensors: readonly Tensor[],
  most: number,
): SlabWindow[] {
  const each = tensors.every(({ storage }) => storage) ? most : size;
  return Array.from({ length: Math.ceil(size / each) }, (_, i) => {
    const first = i * each;
    const part = Math.min(each, size - first);
    return {
      first,
      size: part,
      of: (tensor, more = 0) =>
        part === size ? tensor : view(tensor, first, [Math.min(part + more, size - first)]),
    };
  });
}

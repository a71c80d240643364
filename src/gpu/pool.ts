/**
 * Places a plan's activations in as few buffers as their lifetimes allow.
 *
 * @module
 */
import type { Dispatch, Storage, Tensor } from "./plan.ts";

/** Which slot each activation lies in, and how many elements each slot holds. */
export interface Placement {
  readonly slotOf: ReadonlyMap<Tensor, number>;
  readonly sizes: readonly number[];
}

/**
 * Walks the dispatches in order: an activation takes the smallest free slot that holds it (else
 * the largest free one, enlarged, else a new one) at its first use, and leaves it after its last.
 */
export function place(dispatches: readonly Dispatch[]): Placement {
  const last = new Map<Tensor, number>();
  dispatches.forEach(({ tensors }, index) => {
    for (const tensor of tensors) if (!tensor.storage) last.set(tensor, index);
  });
  const slotOf = new Map<Tensor, number>();
  const sizes: number[] = [];
  const free = new Set<number>();
  dispatches.forEach(({ tensors }, index) => {
    const pooled = new Set(tensors.filter((tensor) => !tensor.storage));
    for (const tensor of pooled) {
      if (slotOf.has(tensor)) continue;
      const slot = bestFit(free, sizes, tensor.size);
      free.delete(slot);
      sizes[slot] = Math.max(sizes[slot] ?? 0, tensor.size);
      slotOf.set(tensor, slot);
    }
    for (const tensor of pooled) if (last.get(tensor) === index) free.add(slotOf.get(tensor)!);
  });
  return { slotOf, sizes };
}

function bestFit(free: ReadonlySet<number>, sizes: readonly number[], size: number): number {
  let best: number | undefined;
  for (const slot of free) {
    const fits = sizes[slot] >= size;
    if (best === undefined) best = slot;
    else if (fits && (sizes[best] < size || sizes[slot] < sizes[best])) best = slot;
    else if (!fits && sizes[best] < size && sizes[slot] > sizes[best]) best = slot;
  }
  return best ?? sizes.length;
}

/** Bytes between the parameters of one dispatch and the next: WebGPU's alignment of offsets. */
export const PARAMS_STRIDE = 256;

/** Bytes of a buffer that holds `bytes`: kernels may read it four floats at a time. */
export function bufferBytes(bytes: number): number {
  return Math.ceil(bytes / 16) * 16;
}

/** Bytes of all buffers that replaying these dispatches takes, storages included. */
export function bytesOf(dispatches: readonly Dispatch[]): number {
  const storages = new Set<Storage>();
  for (const { tensors } of dispatches) {
    for (const { storage } of tensors) if (storage) storages.add(storage);
  }
  const slots = place(dispatches).sizes.map((size) => bufferBytes(4 * size));
  const apart = [...storages].map(({ bytes }) => bufferBytes(bytes));
  return [...slots, ...apart].reduce((a, b) => a + b, dispatches.length * PARAMS_STRIDE);
}

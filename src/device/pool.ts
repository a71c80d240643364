/**
 * Places a lowered plan's activations in as few buffers as their lifetimes allow.
 *
 * @module
 */
import type { Tensor } from "../graph/tensor.ts";

/** The storages that a step of a lowered plan touches. */
export interface Step {
  readonly tensors: readonly Tensor[];
}

/** Slot of each activation, and number of elements of each slot. */
export interface Placement {
  readonly slotOf: ReadonlyMap<Tensor, number>;
  readonly sizes: readonly number[];
}

/**
 * Walks the steps in order: an activation takes the smallest free slot that holds it (else
 * the largest free one, enlarged, else a new one) at its first use, and leaves it after its last.
 */
export function place(steps: readonly Step[]): Placement {
  const last = new Map<Tensor, number>();
  steps.forEach(({ tensors }, index) => {
    for (const tensor of tensors) if (!tensor.storage) last.set(tensor, index);
  });
  const slotOf = new Map<Tensor, number>();
  const sizes: number[] = [];
  const free = new Set<number>();
  steps.forEach(({ tensors }, index) => {
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

/**
 * Places a lowered plan's activations in as few buffers as their lifetimes allow.
 *
 * @module
 */
import { bytesOf, type Tensor } from "../graph/tensor.ts";

/** The storages that a step of a lowered plan touches. */
export interface Step {
  readonly tensors: readonly Tensor[];
}

/** Slot of each activation, and bytes of each slot. */
export interface Placement {
  readonly slotOf: ReadonlyMap<Tensor, number>;
  readonly bytes: readonly number[];
}

/**
 * Places the largest activation first, each into the smallest slot that is free from its first use
 * to its last, else into a new one ("greedy by size for shared objects"; Pisarchyk & Lee 2020, arXiv
 * 2001.03288). For the presets' steps the slots take no more than any placement must: over k, the
 * sum of the largest k-th largest activation of a step.
 */
export function place(steps: readonly Step[]): Placement {
  const lives = new Map<Tensor, Life>();
  steps.forEach(({ tensors }, index) => {
    for (const tensor of tensors) {
      if (tensor.storage) continue;
      const life = lives.get(tensor);
      if (life) life.last = index;
      else lives.set(tensor, { first: index, last: index });
    }
  });
  const slots: Slot[] = [];
  const slotOf = new Map<Tensor, number>();
  // Sorting keeps the order of first uses among equals.
  for (const [tensor, life] of [...lives].sort(([a], [b]) => bytesOf(b) - bytesOf(a))) {
    // Slots come in the order of their sizes, the largest first.
    let found = slots.length - 1;
    while (found >= 0 && !reserve(slots[found], life)) found--;
    if (found < 0) found = slots.push({ bytes: bytesOf(tensor), lives: [life] }) - 1;
    slotOf.set(tensor, found);
  }
  return { slotOf, bytes: slots.map(({ bytes }) => bytes) };
}

/** Steps of an activation's first and last use. */
interface Life {
  readonly first: number;
  last: number;
}

interface Slot {
  readonly bytes: number;
  /** Of the activations in it, in their order. */
  readonly lives: Life[];
}

/** Adds a life to a slot, unless the slot is taken at the time. */
function reserve({ lives }: Slot, life: Life): boolean {
  // The first that begins after it.
  let [low, high] = [0, lives.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (lives[middle].first > life.last) high = middle;
    else low = middle + 1;
  }
  if (low > 0 && lives[low - 1].last >= life.first) return false;
  lives.splice(low, 0, life);
  return true;
}

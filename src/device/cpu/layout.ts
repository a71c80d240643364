/**
 * A plan lowered for the CPU, before it has addresses.
 *
 * @module
 */
import type { OpName } from "../../graph/ops.ts";
import type { Plan } from "../../graph/plan.ts";
import type { Storage, Tensor } from "../../graph/tensor.ts";
import { place } from "../pool.ts";
import { aligned } from "./allocator.ts";
import { type PhasedEntry, tapeBytes, tensorsOf, tileCost } from "./tape.ts";
import type { Lowering } from "./tape_entry.ts";

/** How the CPU does each operation. */
export type Lowerings = { readonly [N in OpName]: Lowering<N> };

/** The most phases of a plan: bits of a positive i32. */
const MAX_PHASES = 31;

/** An entry of the tape. */
export interface LoweredEntry extends PhasedEntry {
  /** Position of the operation that it belongs to. */
  readonly operation: number;
}

/** A lowered plan, and the memory that it takes. */
export interface Layout {
  readonly entries: readonly LoweredEntry[];
  /** Every storage, with a tensor that lies in it. */
  readonly storages: ReadonlyMap<Storage, Tensor>;
  /** Byte offset of each activation among the activations. */
  readonly offsets: ReadonlyMap<Tensor, number>;
  /** Bytes of all activations together. */
  readonly activations: number;
  /** Bytes of scratch memory for each thread. */
  readonly scratchEach: number;
  /** Bytes of the tape. */
  readonly tape: number;
}

/** Lowers a plan, and places its activations. */
export function layOut(plan: Plan<string>, lowerings: Lowerings): Layout {
  const entries = lower(plan, lowerings);
  const tensors = entries.map(({ entry }) => tensorsOf(entry));
  const storages = new Map<Storage, Tensor>();
  for (const tensor of tensors.flat()) if (tensor.storage) storages.set(tensor.storage, tensor);
  const { slotOf, bytes } = place(tensors.map((tensors) => ({ tensors })));
  let activations = 0;
  const slots = bytes.map((each) => {
    const begin = activations;
    activations += aligned(each);
    return begin;
  });
  return {
    entries,
    storages,
    offsets: new Map([...slotOf].map(([tensor, slot]) => [tensor, slots[slot]])),
    activations,
    scratchEach: aligned(Math.max(0, ...entries.map(({ entry }) => entry.scratch ?? 0))),
    tape: tapeBytes(entries),
  };
}

function lower(plan: Plan<string>, lowerings: Lowerings): LoweredEntry[] {
  if (plan.phases.length > MAX_PHASES) {
    throw new RangeError(`A plan can't have more than ${MAX_PHASES} phases on the CPU`);
  }
  return plan.operations.flatMap((operation, index) => {
    const lowering = lowerings[operation.name] as Lowering<OpName>;
    return lowering(operation.sizes, operation.operands).map((entry) => ({
      entry,
      phase: phaseBits(plan.phases, [operation.phase]),
      cost: tileCost(operation, entry),
      operation: index,
    }));
  });
}

/** The bits of phases, as the entries of a tape have them. */
export function phaseBits(known: readonly string[], phases: readonly string[]): number {
  return phases.reduce((bits, phase) => {
    const index = known.indexOf(phase);
    if (index < 0) throw new RangeError(`The plan has no phase "${phase}"`);
    return bits | 1 << index;
  }, 0);
}

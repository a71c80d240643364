/**
 * Writes a tape: the entries of kernels/wasm/assembly/tape.ts as words of memory.
 *
 * @module
 */
import { ENTRY_BYTES } from "../../../kernels/wasm/assembly/codes.ts";
import { operationBytes, operationFlops } from "../../graph/flops.ts";
import type { Operation } from "../../graph/plan.ts";
import type { Tensor } from "../../graph/tensor.ts";
import type { TapeEntry } from "./tape_entry.ts";

/** An entry, its phase, and the cost of a tile of it. */
export interface PhasedEntry {
  readonly entry: TapeEntry;
  /** The bit of its phase. */
  readonly phase: number;
  /** Rough nanoseconds of one tile. */
  readonly cost: number;
}

const WORDS = ENTRY_BYTES / 4;

/** Words of code, tiles, counter, phase and cost, which come before the fields. */
const HEADER = 5;

/** The most that a tile is said to cost: sums of a few of these still fit in an i32. */
const MAX_COST = 2 ** 28;

/** Bytes of a tape. */
export function tapeBytes(entries: readonly unknown[]): number {
  return entries.length * ENTRY_BYTES;
}

/** The tensors of an entry's fields. */
export function tensorsOf({ fields }: TapeEntry): Tensor[] {
  return Object.values(fields).filter((field) => typeof field === "object");
}

/**
 * Estimates the cost of a tile of an entry, for the host that runs slices: a rough guess at one
 * core, which the host corrects by its measurements. An entry is charged with the whole operation,
 * so that errors make slices shorter.
 */
export function tileCost(operation: Operation, { tiles }: TapeEntry): number {
  const nanoseconds = operationFlops(operation) / 10 + operationBytes(operation) / 2;
  return Math.min(MAX_COST, Math.ceil(nanoseconds / Math.max(1, tiles)) + 1);
}

/** Writes entries to `words`, which has room for them. */
export function writeTape(
  words: Int32Array,
  entries: readonly PhasedEntry[],
  addressOf: (tensor: Tensor) => number,
): void {
  words.fill(0);
  entries.forEach(({ entry: { code, tiles, fields }, phase, cost }, index) => {
    const values = Object.values(fields);
    if (HEADER + values.length > WORDS) {
      throw new RangeError(`Kernel ${code} has ${values.length} fields: too many for a tape`);
    }
    const at = index * WORDS;
    words.set([code, tiles, 0, phase, cost], at);
    values.forEach((field, i) => {
      words[at + HEADER + i] = typeof field === "object" ? addressOf(field) : field ?? 0;
    });
  });
}

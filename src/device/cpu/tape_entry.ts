/**
 * An operation on the CPU: entries of a tape, see kernels/wasm/assembly/tape.ts.
 *
 * @module
 */
import type { OperandsOf, OpName, SizesOf } from "../../graph/ops.ts";
import type { Tensor } from "../../graph/tensor.ts";

/** One entry before its tensors have addresses. */
export interface TapeEntry {
  /** Which kernel: a constant of kernels/wasm/assembly/codes.ts. */
  readonly code: number;
  /** Pieces of work that threads take one by one; a function of sizes alone. */
  readonly tiles: number;
  /**
   * The kernel's fields in the order of its class: integers, bits of floats ({@linkcode float}),
   * tensors (their address), or nothing (0).
   */
  readonly fields: { readonly [name: string]: number | Tensor | undefined };
  /** Bytes of scratch memory that a thread needs. Default 0. */
  readonly scratch?: number;
}

/** How the CPU does an operation. */
export type Lowering<N extends OpName> = (
  sizes: SizesOf<N>,
  operands: OperandsOf<N>,
) => readonly TapeEntry[];

const word = new DataView(new ArrayBuffer(4));

/** A float as a field: its bits. */
export function float(value: number): number {
  word.setFloat32(0, value);
  return word.getInt32(0);
}

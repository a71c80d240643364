/**
 * Cuts a slab for LAMB, which scales its step tensor by tensor.
 *
 * @module
 */
import { LAMB_CHUNK } from "../graph/ops.ts";

/** A tensor's place in a slab, and whether it decays and is scaled. */
export interface LambTensor {
  readonly offset: number;
  readonly size: number;
  readonly adapted: boolean;
}

/**
 * The table of chunks that the operation `lamb` takes, (chunks, 4) u32: first element, number of elements, the
 * first chunk of the same tensor, 1 where the tensor is adapted.
 */
export function lambChunks(tensors: readonly LambTensor[]): Uint32Array<ArrayBuffer> {
  const rows: number[][] = [];
  for (const { offset, size, adapted } of tensors) {
    const first = rows.length;
    for (let at = 0; at < size; at += LAMB_CHUNK) {
      rows.push([offset + at, Math.min(LAMB_CHUNK, size - at), first, adapted ? 1 : 0]);
    }
  }
  return new Uint32Array(rows.flat());
}

/**
 * Attention and its gradients on the CPU: one entry each.
 *
 * @module
 */
import { ATTENTION, ATTENTION_GRADIENT } from "../../../../kernels/wasm/assembly/codes.ts";
import type { AttentionSizes } from "../../../graph/ops.ts";
import { float, type Lowering } from "../tape_entry.ts";
import { pieces } from "./pieces.ts";

/** Queries of a block. */
const ROWS = 48;

/** The sizes that kernels need, in the order of their classes. */
function fieldsOf(sizes: AttentionSizes) {
  const { heads, d, queries, keys, qStride, qStart, kvStride, kStart, vStart } = sizes;
  return {
    ...{ heads, d, queries, keys, qStride, qStart, kvStride, kStart, vStart },
    scale: float(1 / Math.sqrt(d)),
  };
}

/** Bytes of panels of 8 columns. */
const panels = (columns: number, k: number) => 32 * Math.ceil(columns / 8) * k;

/** Lowers `attention`: a tile is a block of queries of a head. */
export const attention: Lowering<"attention"> = (sizes, { q, kv, out, logSum }) => {
  const { batch, heads, d, queries, keys } = sizes;
  const rows = pieces(queries, ROWS, 8);
  const columns = pieces(keys, 256, 8);
  return [{
    code: ATTENTION,
    tiles: batch * heads * Math.ceil(queries / rows),
    fields: { q, kv, out, logSum, ...fieldsOf(sizes), rows, columns },
    scratch: Math.max(panels(columns, d), panels(d, columns)) +
      panels(keys, rows) + panels(d, rows) + 32 * Math.max(d, columns),
  }];
};

/** Lowers `attentionGradient`: a tile is a head. */
export const attentionGradient: Lowering<"attentionGradient"> = (sizes, operands) => {
  const { batch, heads, d, queries, keys } = sizes;
  const { q, kv, out, dout, logSum, dq, dkv } = operands;
  const rows = pieces(queries, ROWS, 8);
  const columns = pieces(keys, 128, 8);
  return [{
    code: ATTENTION_GRADIENT,
    tiles: batch * heads,
    fields: { q, kv, out, dout, logSum, dq, dkv, ...fieldsOf(sizes), rows, columns },
    scratch: 2 * panels(columns, d) + panels(d, columns) + 2 * panels(d, rows) +
      2 * panels(columns, rows) + 2 * panels(d, columns) + panels(d, rows) +
      32 * Math.max(d, columns) + 4 * queries,
  }];
};

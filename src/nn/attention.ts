/**
 * Multi-head attention over projections that lie packed in wider matrices.
 *
 * @module
 */
import {
  attention as forward,
  attentionKeyGradient,
  attentionQueryGradient,
  type AttentionShape,
} from "../../kernels/attention.ts";
import type { Plan, Tensor } from "../gpu/plan.ts";

/** Columns `start` to `start + width` of every row of a matrix (batch, tokens, stride). */
export interface Columns {
  readonly matrix: Tensor;
  readonly start: number;
}

/**
 * softmax(q k' / sqrt(width / heads)) v: (batch, queries, width). k and v lie in one matrix, which
 * may be q's; nothing else may use these matrices, since their gradients are written, not added.
 *
 * @throws {RangeError} when the heads don't divide the width, or k and v lie in different matrices
 */
export function attention(
  plan: Plan,
  { q, k, v, width, heads }: { q: Columns; k: Columns; v: Columns; width: number; heads: number },
): Tensor {
  if (width % heads !== 0) {
    throw new RangeError(`Cannot split a width of ${width} into ${heads} heads`);
  }
  if (k.matrix !== v.matrix) throw new RangeError("Cannot attend: k and v must share a matrix");
  const [batch, queries, qStride] = q.matrix.shape;
  const [, keys, kvStride] = k.matrix.shape;
  const shape: AttentionShape = {
    batch,
    heads,
    d: width / heads,
    queries,
    keys,
    qStride,
    qStart: q.start,
    kvStride,
    kStart: k.start,
    vStart: v.start,
  };
  const output = plan.activation([batch, queries, width], [q.matrix, k.matrix]);
  const logSum = plan.activation([batch, heads, queries]);
  plan.dispatch(forward(shape), [q.matrix, k.matrix, output, logSum]);
  plan.onBackward(output, (dout) => {
    const delta = plan.activation([batch, heads, queries]);
    // Each writes columns of its own where they share a matrix.
    const dq = plan.fresh(q.matrix);
    const dkv = k.matrix === q.matrix ? dq : plan.fresh(k.matrix);
    plan.dispatch(
      attentionQueryGradient(shape),
      [q.matrix, k.matrix, output, dout, logSum, dq, delta],
    );
    plan.dispatch(attentionKeyGradient(shape), [q.matrix, k.matrix, dout, logSum, delta, dkv]);
  });
  return output;
}

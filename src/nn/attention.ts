/**
 * Multi-head attention over projections that lie packed in wider matrices.
 *
 * @module
 */
import type { AttentionSizes } from "../graph/ops.ts";
import type { Plan } from "../graph/plan.ts";
import { temporary, type Tensor } from "../graph/tensor.ts";

/** Columns `start` to `start + width` of every row of a matrix (batch, tokens, stride). */
export interface Columns {
  readonly matrix: Tensor;
  readonly start: number;
}

/**
 * softmax(q k' / sqrt(width / heads)) v: (batch, queries, width). k and v lie in one matrix, which
 * can be q's; nothing else can use these matrices, since their gradients are written, not added.
 *
 * @throws {RangeError} when the heads don't divide the width, or k and v lie in different matrices
 */
export function attention(
  plan: Plan<string>,
  { q, k, v, width, heads }: { q: Columns; k: Columns; v: Columns; width: number; heads: number },
): Tensor {
  if (width % heads !== 0) {
    throw new RangeError(`Cannot split a width of ${width} into ${heads} heads`);
  }
  if (k.matrix !== v.matrix) throw new RangeError("Cannot attend: k and v must share a matrix");
  const [batch, queries, qStride] = q.matrix.shape;
  const [, keys, kvStride] = k.matrix.shape;
  const sizes: AttentionSizes = {
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
  const logSum = temporary(batch, heads, queries);
  const read = { q: q.matrix, kv: k.matrix, out: output, logSum };
  plan.record("attention", sizes, read);
  plan.onBackward(output, (dout) => {
    // Each gradient has columns of its own where they share a matrix.
    const dq = plan.newGradient(q.matrix);
    const dkv = k.matrix === q.matrix ? dq : plan.newGradient(k.matrix);
    plan.record("attentionGradient", sizes, { ...read, dout, dq, dkv });
  });
  return output;
}

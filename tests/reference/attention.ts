// Float64 reference of the multi-head attention core (no projections), with its adjoint.

/** Sizes: q (batch, queries, width), k and v (batch, keys, width); `heads` divides `width`. */
export interface AttentionShape {
  batch: number;
  queries: number;
  keys: number;
  width: number;
  heads: number;
}

/** `softmax(q k^T / sqrt(width / heads)) v`, head h using columns h*width/heads onwards. */
export function attention(
  q: Float64Array,
  k: Float64Array,
  v: Float64Array,
  shape: AttentionShape,
): Float64Array {
  const { batch, queries, keys, width, heads } = shape;
  const size = width / heads;
  const out = new Float64Array(batch * queries * width);
  for (let b = 0; b < batch; b++) {
    for (let h = 0; h < heads; h++) {
      for (let i = 0; i < queries; i++) {
        const row = (b * queries + i) * width + h * size;
        const p = probabilities(q, k, shape, b, h, i);
        for (let j = 0; j < keys; j++) {
          const col = (b * keys + j) * width + h * size;
          for (let d = 0; d < size; d++) out[row + d] += p[j] * v[col + d];
        }
      }
    }
  }
  return out;
}

/** Gradients of attention's arguments. */
export interface AttentionGradients {
  dq: Float64Array;
  dk: Float64Array;
  dv: Float64Array;
}

/** Gradients of `sum(dout * attention(q, k, v))`. The probabilities are computed again. */
export function attentionAdjoint(
  q: Float64Array,
  k: Float64Array,
  v: Float64Array,
  dout: Float64Array,
  shape: AttentionShape,
): AttentionGradients {
  const { batch, queries, keys, width, heads } = shape;
  const size = width / heads;
  const scale = 1 / Math.sqrt(size);
  const dq = new Float64Array(q.length);
  const dk = new Float64Array(k.length);
  const dv = new Float64Array(v.length);
  for (let b = 0; b < batch; b++) {
    for (let h = 0; h < heads; h++) {
      for (let i = 0; i < queries; i++) {
        const row = (b * queries + i) * width + h * size;
        const p = probabilities(q, k, shape, b, h, i);
        const dp = new Float64Array(keys);
        let expected = 0; // sum_j p_j dp_j
        for (let j = 0; j < keys; j++) {
          const col = (b * keys + j) * width + h * size;
          for (let d = 0; d < size; d++) {
            dp[j] += dout[row + d] * v[col + d];
            dv[col + d] += p[j] * dout[row + d];
          }
          expected += p[j] * dp[j];
        }
        for (let j = 0; j < keys; j++) {
          const col = (b * keys + j) * width + h * size;
          const dscore = p[j] * (dp[j] - expected) * scale;
          for (let d = 0; d < size; d++) {
            dq[row + d] += dscore * k[col + d];
            dk[col + d] += dscore * q[row + d];
          }
        }
      }
    }
  }
  return { dq, dk, dv };
}

/** Attention of query `i` in head `h` of example `b` over all keys. */
export function probabilities(
  q: Float64Array,
  k: Float64Array,
  { queries, keys, width, heads }: AttentionShape,
  b: number,
  h: number,
  i: number,
): Float64Array {
  const size = width / heads;
  const scale = 1 / Math.sqrt(size);
  const row = (b * queries + i) * width + h * size;
  const p = new Float64Array(keys);
  let largest = -Infinity;
  for (let j = 0; j < keys; j++) {
    const col = (b * keys + j) * width + h * size;
    let dot = 0;
    for (let d = 0; d < size; d++) dot += q[row + d] * k[col + d];
    p[j] = dot * scale;
    largest = Math.max(largest, p[j]);
  }
  let total = 0;
  for (let j = 0; j < keys; j++) {
    p[j] = Math.exp(p[j] - largest);
    total += p[j];
  }
  for (let j = 0; j < keys; j++) p[j] /= total;
  return p;
}

// Attention and its two gradients against the float64 reference, in every layout of q, k and v.

import {
  attention,
  attentionKeyGradient,
  attentionQueryGradient,
} from "../../kernels/wgsl/attention.ts";
import type { AttentionSizes } from "../../kernels/shapes.ts";
import type { Gpu } from "../../src/device/webgpu/gpu.ts";
import { assertClose, assertWithin, data, largest } from "../helpers/close.ts";
import { gpuTest } from "../helpers/gpu.ts";
import { runLaunch } from "../helpers/launch.ts";
import { attention as reference, attentionAdjoint } from "../reference/attention.ts";

const RELATIVE = 3e-6;

/** How q, k and v lie: "self" q, k, v side by side in one matrix; "cross" q apart, k and v together. */
type Packing = "self" | "cross" | "padded";

function shapeOf(
  sizes: { batch: number; heads: number; d: number; queries: number; keys: number },
  packing: Packing,
): AttentionSizes {
  const width = sizes.heads * sizes.d;
  if (packing === "self") {
    const [kStart, vStart] = [width, 2 * width];
    return { ...sizes, qStride: 3 * width, qStart: 0, kvStride: 3 * width, kStart, vStart };
  }
  if (packing === "cross") {
    return { ...sizes, qStride: width, qStart: 0, kvStride: 2 * width, kStart: 0, vStart: width };
  }
  // Columns that belong to nobody lie between, and v comes before k.
  return {
    ...sizes,
    qStride: width + 8,
    qStart: 4,
    kvStride: 2 * width + 12,
    kStart: width + 8,
    vStart: 4,
  };
}

/** Rows of `columns` put into matrices of `stride` columns from `start` on. */
function spread(
  into: Float64Array,
  stride: number,
  start: number,
  columns: Float64Array,
  w: number,
) {
  for (let i = 0; i < columns.length; i++) {
    into[Math.floor(i / w) * stride + start + i % w] = columns[i];
  }
}

function gather(from: ArrayLike<number>, stride: number, start: number, rows: number, w: number) {
  return Float64Array.from(
    { length: rows * w },
    (_, i) => from[Math.floor(i / w) * stride + start + i % w],
  );
}

/** Log of the softmax's denominator, (batch, heads, queries). */
function logSums(q: Float64Array, k: Float64Array, shape: AttentionSizes): Float64Array {
  const { batch, heads, d, queries, keys } = shape;
  const width = heads * d;
  return Float64Array.from({ length: batch * heads * queries }, (_, at) => {
    const i = at % queries;
    const h = Math.floor(at / queries) % heads;
    const b = Math.floor(at / (queries * heads));
    const scores = Array.from({ length: keys }, (_, j) => {
      let dot = 0;
      for (let c = 0; c < d; c++) {
        dot += q[(b * queries + i) * width + h * d + c] * k[(b * keys + j) * width + h * d + c];
      }
      return dot / Math.sqrt(d);
    });
    const top = Math.max(...scores);
    return top + Math.log(scores.reduce((sum, score) => sum + Math.exp(score - top), 0));
  });
}

interface CheckOptions {
  /** Default: standard normals. */
  readonly q?: Float64Array;
  readonly k?: Float64Array;
  /** Of each result's largest value. */
  readonly relative?: number;
  /** For dq and dk instead. */
  readonly absolute?: number;
}

async function check(gpu: Gpu, shape: AttentionSizes, options: CheckOptions = {}): Promise<void> {
  const { batch, heads, d, queries, keys, qStride, qStart, kvStride, kStart, vStart } = shape;
  const width = heads * d;
  const name = `${heads} heads of ${d}, ${queries} x ${keys}, strides ${qStride} ${kvStride}`;
  const { q = data(batch * queries * width, 20), k = data(batch * keys * width, 21) } = options;
  const relative = options.relative ?? RELATIVE;
  const v = data(batch * keys * width, 22);
  const dout = data(batch * queries * width, 23);
  // What lies between the columns is NaN: it must be left alone.
  const qMatrix = new Float64Array(batch * queries * qStride).fill(NaN);
  const kvMatrix = new Float64Array(batch * keys * kvStride).fill(NaN);
  spread(qMatrix, qStride, qStart, q, width);
  spread(kvMatrix, kvStride, kStart, k, width);
  spread(kvMatrix, kvStride, vStart, v, width);
  const referenceShape = { batch, queries, keys, width, heads };
  const out = reference(q, k, v, referenceShape);
  const stats = batch * heads * queries;
  const forward = await runLaunch(gpu, attention(shape), {
    q: qMatrix,
    kv: kvMatrix,
    out: out.length,
    logSum: stats,
  });
  assertClose(`${name}: out`, forward.out, out, relative);
  assertClose(`${name}: logSum`, forward.logSum, logSums(q, k, shape), relative);

  const { dq, dk, dv } = attentionAdjoint(q, k, v, dout, referenceShape);
  const common = { q: qMatrix, kv: kvMatrix, dout, logSum: forward.logSum };
  const query = await runLaunch(gpu, attentionQueryGradient(shape), {
    ...common,
    out: forward.out,
    dq: new Float32Array(qMatrix.length).fill(77),
    delta: stats,
  });
  const key = await runLaunch(gpu, attentionKeyGradient(shape), {
    ...common,
    delta: query.delta,
    dkv: new Float32Array(kvMatrix.length).fill(77),
  });
  // With one key the weights are 1 whatever q and k are, so both have no gradient.
  const absolute = keys === 1 ? 2e-6 : options.absolute;
  const compare = (part: string, found: Float64Array, wanted: Float64Array) =>
    absolute === undefined
      ? assertClose(`${name}: ${part}`, found, wanted, relative)
      : assertWithin(`${name}: ${part}`, found, wanted, absolute);
  compare("dq", gather(query.dq, qStride, qStart, batch * queries, width), dq);
  compare("dk", gather(key.dkv, kvStride, kStart, batch * keys, width), dk);
  assertClose(`${name}: dv`, gather(key.dkv, kvStride, vStart, batch * keys, width), dv, relative);
  const untouched = (found: Float32Array, used: number) =>
    found.filter((value) => value === 77).length === found.length - used;
  if (!untouched(query.dq, q.length)) {
    throw new Error(`${name}: dq between the columns was written`);
  }
  if (!untouched(key.dkv, k.length + v.length)) {
    throw new Error(`${name}: dkv between the columns was written`);
  }
}

for (const d of [5, 8, 12, 32]) {
  gpuTest(`attention and its gradients, heads of ${d}`, async (gpu) => {
    await check(gpu, shapeOf({ batch: 2, heads: 3, d, queries: 7, keys: 7 }, "self"));
    await check(gpu, shapeOf({ batch: 2, heads: 4, d, queries: 9, keys: 21 }, "cross"));
    await check(gpu, shapeOf({ batch: 3, heads: 1, d, queries: 30, keys: 2 }, "padded"));
  });
}

gpuTest("attention with one query, one key, heads of width 1", async (gpu) => {
  await check(gpu, shapeOf({ batch: 2, heads: 2, d: 8, queries: 5, keys: 1 }, "cross"));
  await check(gpu, shapeOf({ batch: 1, heads: 2, d: 8, queries: 1, keys: 9 }, "cross"));
  await check(gpu, shapeOf({ batch: 2, heads: 3, d: 1, queries: 3, keys: 4 }, "self"));
});

gpuTest("attention with more queries than a workgroup, more keys than queries", async (gpu) => {
  await check(gpu, shapeOf({ batch: 1, heads: 1, d: 8, queries: 70, keys: 131 }, "cross"));
});

gpuTest("attention: the softmax stands large scores", async (gpu) => {
  // Scores beyond 88, where exp() overflows without the running maximum. Neighbouring keys are
  // alike, so that the weights aren't all 0 and 1. A float32 score of 200 is off by 1e-5, and so are
  // the weights; dq and dk multiply that by keys and queries of 20 and more.
  const shape = shapeOf({ batch: 1, heads: 2, d: 8, queries: 9, keys: 16 }, "cross");
  const q = data(9 * 16, 20, 9);
  const k = data(16 * 16, 21, 9);
  const near = data(16 * 16, 25, 0.05);
  for (let i = 0; i < k.length; i++) {
    const referenceAt = i % 32 < 16 ? i : i - 16;
    k[i] = Math.fround(k[referenceAt] + near[i]);
  }
  if (largest(logSums(q, k, shape)) < 150) throw new Error("the scores are not large");
  await check(gpu, shape, { q, k, relative: 5e-5, absolute: 2e-3 });
});

gpuTest("attention: rising and falling scores, all very negative", async (gpu) => {
  // One head of width 1: score j is q k_j. The running maximum moves at each key, then never.
  const keys = 12;
  const shape = shapeOf({ batch: 1, heads: 1, d: 1, queries: 2, keys }, "cross");
  const k = Float64Array.from({ length: keys }, (_, j) => -200 + 3 * j);
  const v = data(keys, 24);
  const q = [1, 0.5];
  const kv = Float64Array.from({ length: 2 * keys }, (_, i) => i % 2 ? v[i >> 1] : k[i >> 1]);
  for (const order of ["rising", "falling"]) {
    if (order === "falling") k.reverse();
    for (let j = 0; j < keys; j++) kv[2 * j] = k[j];
    const referenceShape = { batch: 1, queries: 2, keys, width: 1, heads: 1 };
    const found = await runLaunch(gpu, attention(shape), { q, kv, out: 2, logSum: 2 });
    assertClose(order, found.out, reference(Float64Array.from(q), k, v, referenceShape), 3e-6);
  }
});

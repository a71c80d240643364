// The CPU's attention and its gradients against the float64 reference, in every layout of q, k and v.

import { attention, attentionGradient } from "../../src/device/cpu/lowering/attention.ts";
import type { AttentionSizes } from "../../src/graph/ops.ts";
import { temporary } from "../../src/graph/tensor.ts";
import { assertClose, assertSameBits, assertWithin, data, largest } from "../helpers/close.ts";
import { attention as reference, attentionAdjoint } from "../reference/attention.ts";
import { ARITHMETICS, runEntries, type TapeOptions } from "./entries.ts";

const RELATIVE = 3e-6;

/** How q, k and v lie: "self" q, k, v side by side in one matrix; "cross" q apart, k and v together. */
type Packing = "self" | "cross" | "padded";

function sizesOf(
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
  const [kStart, vStart] = [width + 5, 3];
  return { ...sizes, qStride: width + 7, qStart: 5, kvStride: 2 * width + 9, kStart, vStart };
}

/** Rows of `width` columns put into matrices of `stride` columns, from `start` on. */
function spread(
  into: Float64Array,
  stride: number,
  start: number,
  columns: Float64Array,
  width: number,
) {
  for (let i = 0; i < columns.length; i++) {
    into[Math.floor(i / width) * stride + start + i % width] = columns[i];
  }
}

function gather(
  from: ArrayLike<number>,
  stride: number,
  start: number,
  length: number,
  width: number,
) {
  return Float64Array.from(
    { length },
    (_, i) => from[Math.floor(i / width) * stride + start + i % width],
  );
}

/** Log of the softmax's denominator, (batch, heads, queries). */
function logSums(q: Float64Array, k: Float64Array, sizes: AttentionSizes): Float64Array {
  const { batch, heads, d, queries, keys } = sizes;
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

/** q, k, v and dout (batch, tokens, width), and the matrices that the kernels read them from. */
function operandsOf(sizes: AttentionSizes, given: { q?: Float64Array; k?: Float64Array } = {}) {
  const { batch, heads, d, queries, keys, qStride, qStart, kvStride, kStart, vStart } = sizes;
  const width = heads * d;
  const { q = data(batch * queries * width, 20), k = data(batch * keys * width, 21) } = given;
  const v = data(batch * keys * width, 22);
  const dout = data(batch * queries * width, 23);
  // What lies between the columns is NaN: it must be left alone.
  const qMatrix = new Float64Array(batch * queries * qStride).fill(NaN);
  const kvMatrix = new Float64Array(batch * keys * kvStride).fill(NaN);
  spread(qMatrix, qStride, qStart, q, width);
  spread(kvMatrix, kvStride, kStart, k, width);
  spread(kvMatrix, kvStride, vStart, v, width);
  return { q, k, v, dout, qMatrix, kvMatrix };
}

/** Runs attention, then its gradients, on one tape. */
async function run(
  sizes: AttentionSizes,
  { dout, qMatrix, kvMatrix }: ReturnType<typeof operandsOf>,
  options: TapeOptions,
) {
  const tensor = ({ length }: { length: number }) => temporary(length);
  const operands = {
    q: tensor(qMatrix),
    kv: tensor(kvMatrix),
    out: tensor(dout),
    dout: tensor(dout),
    logSum: temporary(sizes.batch * sizes.heads * sizes.queries),
    dq: tensor(qMatrix),
    dkv: tensor(kvMatrix),
  };
  const { q, kv, dq, dkv, out, logSum } = operands;
  const contents = new Map<typeof q, ArrayLike<number>>([
    [q, qMatrix],
    [kv, kvMatrix],
    [operands.dout, dout],
    [dq, new Float64Array(qMatrix.length).fill(77)],
    [dkv, new Float64Array(kvMatrix.length).fill(77)],
  ]);
  const entries = [...attention(sizes, operands), ...attentionGradient(sizes, operands)];
  const read = await runEntries(entries, contents, options);
  return { out: read(out), logSum: read(logSum), dq: read(dq), dkv: read(dkv) };
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

async function check(
  sizes: AttentionSizes,
  options: CheckOptions & TapeOptions,
): Promise<void> {
  const { batch, heads, d, queries, keys, qStride, qStart, kvStride, kStart, vStart } = sizes;
  const { relative = RELATIVE } = options;
  const width = heads * d;
  const name = `${heads} heads of ${d}, ${queries} x ${keys}, strides ${qStride} ${kvStride}`;
  const operands = operandsOf(sizes, options);
  const { q, k, v, dout } = operands;
  const found = await run(sizes, operands, options);
  const shape = { batch, queries, keys, width, heads };
  assertClose(`${name}: out`, found.out, reference(q, k, v, shape), relative);
  assertClose(`${name}: logSum`, found.logSum, logSums(q, k, sizes), relative);

  const { dq, dk, dv } = attentionAdjoint(q, k, v, dout, shape);
  // With one key the weights are 1 whatever q and k are, so both have no gradient.
  const absolute = keys === 1 ? 2e-6 : options.absolute;
  const compare = (part: string, found: Float64Array, wanted: Float64Array) =>
    absolute === undefined
      ? assertClose(`${name}: ${part}`, found, wanted, relative)
      : assertWithin(`${name}: ${part}`, found, wanted, absolute);
  compare("dq", gather(found.dq, qStride, qStart, q.length, width), dq);
  compare("dk", gather(found.dkv, kvStride, kStart, k.length, width), dk);
  assertClose(`${name}: dv`, gather(found.dkv, kvStride, vStart, v.length, width), dv, relative);
  for (
    const [part, values, used] of [
      ["dq", found.dq, q.length],
      ["dkv", found.dkv, k.length + v.length],
    ] as const
  ) {
    const untouched = values.filter((value) => value === 77).length;
    if (untouched !== values.length - used) {
      throw new Error(`${name}: ${part} between the columns was written`);
    }
  }
}

for (const arithmetic of ARITHMETICS) {
  for (const d of [5, 8, 12, 32]) {
    Deno.test(`wasm attention, ${arithmetic}: heads of ${d}`, async () => {
      const check3 = (sizes: AttentionSizes) => check(sizes, { arithmetic });
      await check3(sizesOf({ batch: 2, heads: 3, d, queries: 7, keys: 7 }, "self"));
      await check3(sizesOf({ batch: 2, heads: 4, d, queries: 9, keys: 21 }, "cross"));
      await check3(sizesOf({ batch: 3, heads: 1, d, queries: 30, keys: 2 }, "padded"));
    });
  }

  Deno.test(`wasm attention, ${arithmetic}: q, k and v in one tensor, as their gradients`, async () => {
    const sizes = sizesOf({ batch: 2, heads: 2, d: 10, queries: 50, keys: 50 }, "self");
    const { batch, queries, heads, d, qStride, kStart } = sizes;
    const apart = operandsOf(sizes);
    // Of the matrix of q, what isn't q is NaN; so is q in the matrix of k and v.
    const all = apart.kvMatrix.map((value, i) => i % qStride < kStart ? apart.qMatrix[i] : value);
    const [qkv, gradient] = [temporary(all.length), temporary(all.length)];
    const [dout, out] = [temporary(apart.dout.length), temporary(apart.dout.length)];
    const logSum = temporary(batch * heads * queries);
    const operands = { q: qkv, kv: qkv, out, logSum, dout, dq: gradient, dkv: gradient };
    const contents = new Map([[qkv, all], [dout, apart.dout]]);
    const entries = [...attention(sizes, operands), ...attentionGradient(sizes, operands)];
    const read = await runEntries(entries, contents, { arithmetic });
    const wanted = await run(sizes, apart, { arithmetic });
    assertSameBits("out", read(out), wanted.out);
    const both = wanted.dkv.map((value, i) => i % qStride < heads * d ? wanted.dq[i] : value);
    assertSameBits("gradients", read(gradient), both);
  });

  Deno.test(`wasm attention, ${arithmetic}: one query, one key, heads of width 1`, async () => {
    for (
      const sizes of [
        sizesOf({ batch: 2, heads: 2, d: 8, queries: 5, keys: 1 }, "cross"),
        sizesOf({ batch: 1, heads: 2, d: 8, queries: 1, keys: 9 }, "cross"),
        sizesOf({ batch: 2, heads: 3, d: 1, queries: 3, keys: 4 }, "self"),
      ]
    ) await check(sizes, { arithmetic });
  });

  Deno.test(`wasm attention, ${arithmetic}: several blocks of queries and of keys`, async () => {
    const few = { batch: 2, heads: 1, d: 9, queries: 101, keys: 131 };
    await check(sizesOf(few, "padded"), { arithmetic });
    const many = { batch: 1, heads: 2, d: 20, queries: 50, keys: 521 };
    await check(sizesOf(many, "cross"), { arithmetic });
  });

  Deno.test(`wasm attention, ${arithmetic}: the softmax stands large scores`, async () => {
    // Scores beyond 88, where exp() overflows without the maximum. Neighbouring keys are alike, so
    // that the weights aren't all 0 and 1. A float32 score of 200 is off by 1e-5, and so are the
    // weights; dq and dk multiply that by keys and queries of 20 and more.
    const sizes = sizesOf({ batch: 1, heads: 2, d: 8, queries: 9, keys: 16 }, "cross");
    const q = data(9 * 16, 20, 9);
    const k = data(16 * 16, 21, 9);
    const near = data(16 * 16, 25, 0.05);
    for (let i = 0; i < k.length; i++) {
      const alike = i % 32 < 16 ? i : i - 16;
      k[i] = Math.fround(k[alike] + near[i]);
    }
    if (largest(logSums(q, k, sizes)) < 150) throw new Error("the scores are not large");
    await check(sizes, { q, k, relative: 5e-5, absolute: 2e-3, arithmetic });
  });

  Deno.test(`wasm attention, ${arithmetic}: the same bits wherever operands lie`, async () => {
    const sizes = sizesOf({ batch: 1, heads: 3, d: 12, queries: 55, keys: 140 }, "padded");
    const operands = operandsOf(sizes);
    const [there, here] = [
      await run(sizes, operands, { arithmetic, shift: 3 }),
      await run(sizes, operands, { arithmetic }),
    ];
    for (const part of ["out", "logSum"] as const) assertSameBits(part, there[part], here[part]);
    const used = (values: Float32Array) => values.filter((value) => value !== 77);
    assertSameBits("dq", used(there.dq), used(here.dq));
    assertSameBits("dkv", used(there.dkv), used(here.dkv));
  });
}

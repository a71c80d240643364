// Attention and its gradients in every layout of q, k and v.

import type { AttentionSizes } from "../../src/graph/ops.ts";
import { data, largest } from "../helpers/close.ts";
import { attention as attend, attentionAdjoint } from "../reference/attention.ts";
import { of, type OpCase, unwritten } from "./case.ts";

/**
 * How q, k and v lie: "self" q, k, v side by side, "cross" q apart and k and v together, in the others
 * between columns that belong to nobody, v before k.
 */
const PACKINGS = {
  self: (width: number) => ({
    ...{ qStride: 3 * width, qStart: 0 },
    ...{ kvStride: 3 * width, kStart: width, vStart: 2 * width },
  }),
  cross: (width: number) => ({
    ...{ qStride: width, qStart: 0 },
    ...{ kvStride: 2 * width, kStart: 0, vStart: width },
  }),
  padded: (width: number) => ({
    ...{ qStride: width + 8, qStart: 4 },
    ...{ kvStride: 2 * width + 12, kStart: width + 8, vStart: 4 },
  }),
  odd: (width: number) => ({
    ...{ qStride: width + 7, qStart: 5 },
    ...{ kvStride: 2 * width + 9, kStart: width + 5, vStart: 3 },
  }),
};

interface Numbers {
  readonly batch: number;
  readonly heads: number;
  readonly d: number;
  readonly queries: number;
  readonly keys: number;
}

interface Options {
  /** Default: standard normals. */
  readonly q?: Float64Array;
  readonly k?: Float64Array;
  /** Of each result's largest value. */
  readonly relative?: number;
  /** For dq and dk instead. */
  readonly absolute?: number;
  /** q and kv are one tensor, and so are dq and dkv. */
  readonly together?: boolean;
}

/** A row of `values` of some `width` columns in every row of a matrix, from column `start` on. */
interface Part {
  readonly values: ArrayLike<number>;
  readonly start: number;
}

/** A matrix (batch, tokens, stride) of parts side by side, `blank` between them. */
function spread(
  [batch, tokens, stride]: number[],
  width: number,
  blank: number,
  ...parts: Part[]
): Float64Array {
  const matrix = new Float64Array(batch * tokens * stride).fill(blank);
  for (const { values, start } of parts) {
    for (let i = 0; i < values.length; i++) {
      matrix[Math.floor(i / width) * stride + start + i % width] = values[i];
    }
  }
  return matrix;
}

/** Log of the softmax's denominator, (batch, heads, queries). */
function logSums(q: Float64Array, k: Float64Array, sizes: Numbers): Float64Array {
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

/** Attention, then its gradients with the reference's out and logSum. */
export function both(
  title: string,
  numbers: Numbers,
  packing: keyof typeof PACKINGS,
  { relative = 3e-6, together = false, ...options }: Options = {},
): [OpCase<"attention">, OpCase<"attentionGradient">] {
  const { batch, heads, d, queries, keys } = numbers;
  const width = heads * d;
  const sizes: AttentionSizes = { ...numbers, ...PACKINGS[packing](width) };
  const { qStride, qStart, kvStride, kStart, vStart } = sizes;
  const { q = data(batch * queries * width, 20), k = data(batch * keys * width, 21) } = options;
  const v = data(batch * keys * width, 22);
  const dout = data(batch * queries * width, 23);
  const shape = { batch, queries, keys, width, heads };
  const [out, logSum] = [attend(q, k, v, shape), logSums(q, k, numbers)];
  const { dq, dk, dv } = attentionAdjoint(q, k, v, dout, shape);

  const [qShape, kvShape] = [[batch, queries, qStride], [batch, keys, kvStride]];
  const part = (start: number, values: ArrayLike<number>): Part => ({ start, values });
  const inQ = (blank: number, q: ArrayLike<number>) =>
    spread(qShape, width, blank, part(qStart, q));
  const inKv = (blank: number, k: ArrayLike<number>, v: ArrayLike<number>, q?: Float64Array) => {
    const parts = [part(kStart, k), part(vStart, v)];
    return spread(kvShape, width, blank, ...parts, ...together && q ? [part(qStart, q)] : []);
  };
  // What lies between the columns is NaN: it must be left alone.
  const kv = of(inKv(NaN, k, v, q), ...kvShape);
  const read = { q: together ? "kv" : of(inQ(NaN, q), ...qShape), kv };
  const outShape = [batch, queries, width];
  const sumShape = [batch, heads, queries];

  // With one key the weights are 1 whatever q and k are, so both have no gradient.
  const absolute = keys === 1 ? 2e-6 : options.absolute;
  const limit = (values: Float64Array, absolute?: number) =>
    values.map(() => absolute ?? relative * largest(values));
  const limits = [limit(dq, absolute), limit(dk, absolute), limit(dv)];
  const between = 77;
  const name = `${title}, ${heads} heads of ${d}, ${queries} x ${keys}, ${packing}`;
  const forward: OpCase<"attention"> = {
    name: "attention",
    title: name,
    sizes,
    operands: { ...read, out: unwritten(...outShape), logSum: unwritten(...sumShape) },
    expected: {
      out: { values: out, tolerance: relative },
      logSum: { values: logSum, tolerance: relative },
    },
  };
  const backward: OpCase<"attentionGradient"> = {
    name: "attentionGradient",
    title: name,
    sizes,
    operands: {
      ...read,
      out: of(out.map(Math.fround), ...outShape),
      dout: of(dout, ...outShape),
      logSum: of(logSum.map(Math.fround), ...sumShape),
      dq: together ? "dkv" : of(inQ(between, []), ...qShape),
      dkv: of(inKv(between, [], []), ...kvShape),
    },
    expected: {
      ...!together && { dq: { values: inQ(between, dq), tolerance: inQ(0, limits[0]) } },
      dkv: {
        values: inKv(between, dk, dv, dq),
        tolerance: inKv(0, limits[1], limits[2], limits[0]),
      },
    },
  };
  return [forward, backward];
}

const widths = [5, 8, 12, 32].flatMap((d) => [
  ...both("", { batch: 2, heads: 3, d, queries: 7, keys: 7 }, "self"),
  ...both("", { batch: 2, heads: 4, d, queries: 9, keys: 21 }, "cross"),
  ...both("", { batch: 3, heads: 1, d, queries: 30, keys: 2 }, "padded"),
  ...both("", { batch: 3, heads: 1, d, queries: 30, keys: 2 }, "odd"),
]);

/**
 * Scores beyond 88, where exp() overflows without the largest one. Neighbouring keys are alike, so
 * that the weights aren't all 0 and 1. A float32 score of 200 is off by 1e-5, and so are the weights;
 * dq and dk multiply that by keys and queries of 20 and more.
 */
function largeScores(): OpCase[] {
  const numbers = { batch: 1, heads: 2, d: 8, queries: 9, keys: 16 };
  const q = data(9 * 16, 20, 9);
  const k = data(16 * 16, 21, 9);
  const near = data(16 * 16, 25, 0.05);
  for (let i = 0; i < k.length; i++) {
    k[i] = Math.fround(k[i % 32 < 16 ? i : i - 16] + near[i]);
  }
  if (largest(logSums(q, k, numbers)) < 150) throw new Error("the scores are not large");
  return both("large scores", numbers, "cross", { q, k, relative: 5e-5, absolute: 2e-3 });
}

/** One head of width 1: score j is q k_j. The running maximum moves at each key, then never. */
const negative = (["rising", "falling"] as const).flatMap((order) => {
  const numbers = { batch: 1, heads: 1, d: 1, queries: 2, keys: 12 };
  const k = Float64Array.from({ length: 12 }, (_, j) => -200 + 3 * j);
  if (order === "falling") k.reverse();
  const [forward] = both(`${order}, all very negative`, numbers, "cross", {
    q: Float64Array.of(1, 0.5),
    k,
  });
  return [forward];
});

export const CASES: readonly OpCase[] = [
  ...widths,
  ...both("one key", { batch: 2, heads: 2, d: 8, queries: 5, keys: 1 }, "cross"),
  ...both("one query", { batch: 1, heads: 2, d: 8, queries: 1, keys: 9 }, "cross"),
  ...both("width 1", { batch: 2, heads: 3, d: 1, queries: 3, keys: 4 }, "self"),
  ...both("one tensor", { batch: 2, heads: 2, d: 10, queries: 50, keys: 50 }, "self", {
    together: true,
  }),
  // More queries than a workgroup, several blocks of queries and of keys.
  ...both("blocks", { batch: 1, heads: 1, d: 8, queries: 70, keys: 131 }, "cross"),
  ...both("blocks", { batch: 2, heads: 1, d: 9, queries: 101, keys: 131 }, "odd"),
  ...both("blocks", { batch: 1, heads: 2, d: 20, queries: 50, keys: 521 }, "cross"),
  // Wide heads, in several slices; the last of 25 quads has something else behind it.
  ...both("wide", { batch: 1, heads: 2, d: 48, queries: 9, keys: 35 }, "cross"),
  ...both("wide", { batch: 1, heads: 2, d: 100, queries: 5, keys: 11 }, "self"),
  ...both("wide", { batch: 1, heads: 1, d: 128, queries: 3, keys: 5 }, "cross"),
  // The keys of few queries go into parts.
  ...both("parts", { batch: 2, heads: 3, d: 5, queries: 3, keys: 777 }, "cross"),
  ...largeScores(),
  ...negative,
];

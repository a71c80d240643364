import { assert } from "@std/assert";
import { attention, attentionAdjoint } from "./attention.ts";
import { checkGradient, dot, largestDifference, randomArray } from "./finite_difference.ts";

Deno.test("attention() gives the values worked out by hand", () => {
  // Two heads of width 1: scale 1. Head 0 scores 0 and ln 3; head 1 scores equal.
  const shape = { batch: 1, queries: 1, keys: 2, width: 2, heads: 2 };
  const q = Float64Array.of(1, 5);
  const k = Float64Array.of(0, 2, Math.log(3), 2);
  const v = Float64Array.of(4, 10, 8, 20);
  assert(largestDifference(attention(q, k, v, shape), [7, 15]) < 1e-14);
});

Deno.test("attention() scales the scores by the head's width, not the stream's", () => {
  const shape = { batch: 1, queries: 1, keys: 2, width: 8, heads: 2 };
  const q = Float64Array.of(1, 0, 0, 0, 0, 0, 0, 0);
  const k = new Float64Array(16);
  k[8] = 2 * Math.log(3); // divided by sqrt(4)
  const v = new Float64Array(16);
  v[8] = 1;
  assert(Math.abs(attention(q, k, v, shape)[0] - 0.75) < 1e-14);
});

Deno.test("attention() survives large scores", () => {
  const shape = { batch: 1, queries: 1, keys: 2, width: 1, heads: 1 };
  const y = attention(Float64Array.of(1e4), Float64Array.of(1, 0), Float64Array.of(3, 4), shape);
  assert(Math.abs(y[0] - 3) < 1e-14);
});

Deno.test("attention() has an adjoint that agrees with finite differences", () => {
  for (
    const shape of [
      { batch: 2, queries: 3, keys: 5, width: 6, heads: 3 },
      { batch: 1, queries: 7, keys: 2, width: 5, heads: 1 },
      { batch: 3, queries: 4, keys: 4, width: 4, heads: 4 },
    ]
  ) {
    const { batch, queries, keys, width } = shape;
    const q = randomArray(batch * queries * width, 30);
    const k = randomArray(batch * keys * width, 31);
    const v = randomArray(batch * keys * width, 32);
    const dout = randomArray(batch * queries * width, 33);
    const { dq, dk, dv } = attentionAdjoint(q, k, v, dout, shape);
    const loss = () => dot(dout, attention(q, k, v, shape));
    checkGradient("dq", loss, q, dq);
    checkGradient("dk", loss, k, dk);
    checkGradient("dv", loss, v, dv);
  }
});

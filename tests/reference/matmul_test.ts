import { assert, assertEquals, assertThrows } from "@std/assert";
import type { Activation } from "./activation.ts";
import { checkGradient, dot, largestDifference, randomArray } from "./finite_difference.ts";
import { linear, linearAdjoint, matmul, matmulAdjoint } from "./matmul.ts";

Deno.test("matmul() gives the product worked out by hand, in all four layouts", () => {
  // [1 2 3; 4 5 6] [7 8; 9 10; 11 12] = [58 64; 139 154]
  const a = Float64Array.of(1, 2, 3, 4, 5, 6);
  const aT = Float64Array.of(1, 4, 2, 5, 3, 6);
  const b = Float64Array.of(7, 8, 9, 10, 11, 12);
  const bT = Float64Array.of(7, 9, 11, 8, 10, 12);
  const sizes = { m: 2, n: 2, k: 3 };
  const expected = Float64Array.of(58, 64, 139, 154);
  assertEquals(matmul(a, b, sizes), expected);
  assertEquals(matmul(aT, b, { ...sizes, transA: true }), expected);
  assertEquals(matmul(a, bT, { ...sizes, transB: true }), expected);
  assertEquals(matmul(aT, bT, { ...sizes, transA: true, transB: true }), expected);
});

Deno.test("matmul() refuses operands of the wrong length", () => {
  const a = new Float64Array(6);
  assertThrows(() => matmul(a, a, { m: 2, n: 2, k: 2 }), RangeError, "expected 4");
});

Deno.test("matmul() of a batch is one product after another", () => {
  const [m, n, k] = [3, 5, 7];
  const a = randomArray(2 * m * k, 1);
  const b = randomArray(2 * k * n, 2);
  const both = matmul(a, b, { m, n, k, batch: 2 });
  const second = matmul(a.slice(m * k), b.slice(k * n), { m, n, k });
  assertEquals(both.slice(m * n), second);
});

Deno.test("matmul() has an adjoint that agrees with finite differences", () => {
  for (const transA of [false, true]) {
    for (const transB of [false, true]) {
      const shape = { m: 3, n: 5, k: 4, transA, transB, batch: 2 };
      const a = randomArray(2 * 3 * 4, 3);
      const b = randomArray(2 * 4 * 5, 4);
      const dc = randomArray(2 * 3 * 5, 5);
      const { da, db } = matmulAdjoint(a, b, dc, shape);
      const loss = () => dot(dc, matmul(a, b, shape));
      checkGradient(`da ${transA} ${transB}`, loss, a, da);
      checkGradient(`db ${transA} ${transB}`, loss, b, db);
    }
  }
});

Deno.test("linear() adds the residual after the activation", () => {
  const shape = { rows: 1, inputs: 1, outputs: 1 };
  const one = Float64Array.of(1);
  const y = linear(one, Float64Array.of(2), one, shape, "silu", Float64Array.of(-3));
  assert(Math.abs(y[0] - (3 / (1 + Math.exp(-3)) - 3)) < 1e-15);
});

Deno.test("linear() is matmul() with the weight transposed", () => {
  const shape = { rows: 5, inputs: 7, outputs: 3 };
  const x = randomArray(35, 6);
  const w = randomArray(21, 7);
  const product = matmul(x, w, { m: 5, n: 3, k: 7, transB: true });
  assert(largestDifference(linear(x, w, null, shape), product) < 1e-14);
});

Deno.test("linear() has an adjoint that agrees with finite differences", () => {
  const shape = { rows: 5, inputs: 7, outputs: 3 };
  const activations: Activation[] = ["none", "gelu", "silu"];
  for (const act of activations) {
    const x = randomArray(35, 8);
    const w = randomArray(21, 9);
    const bias = randomArray(3, 10);
    const residual = randomArray(15, 11);
    const dy = randomArray(15, 12);
    const { dx, dw, db, dresidual } = linearAdjoint(x, w, bias, dy, shape, act);
    const loss = () => dot(dy, linear(x, w, bias, shape, act, residual));
    checkGradient(`dx ${act}`, loss, x, dx);
    checkGradient(`dw ${act}`, loss, w, dw);
    checkGradient(`db ${act}`, loss, bias, db);
    checkGradient(`dresidual ${act}`, loss, residual, dresidual);
  }
});

import { assert } from "@std/assert";
import { checkGradient, dot, largestDifference, randomArray } from "./finite_difference.ts";
import { layerNorm, layerNormAdjoint } from "./layer_norm.ts";

Deno.test("layerNorm() gives the values worked out by hand", () => {
  // Mean 2, biased variance 2/3.
  const x = Float64Array.of(1, 2, 3);
  const y = layerNorm(x, Float64Array.of(1, 1, 2), Float64Array.of(0, 5, 0));
  const rstd = 1 / Math.sqrt(2 / 3 + 1e-5);
  assert(largestDifference(y, [-rstd, 5, 2 * rstd]) < 1e-15);
});

Deno.test("layerNorm() has an adjoint that agrees with finite differences", () => {
  for (const [rows, width] of [[3, 7], [5, 1], [1, 13]]) {
    const x = randomArray(rows * width, 20);
    const weight = randomArray(width, 21);
    const bias = randomArray(width, 22);
    const dy = randomArray(rows * width, 23);
    const { dx, dweight, dbias } = layerNormAdjoint(x, weight, dy);
    const loss = () => dot(dy, layerNorm(x, weight, bias));
    if (width > 1) {
      checkGradient(`dx ${rows}x${width}`, loss, x, dx);
      checkGradient(`dweight ${rows}x${width}`, loss, weight, dweight);
    }
    checkGradient(`dbias ${rows}x${width}`, loss, bias, dbias);
  }
});

Deno.test("layerNorm() has an adjoint that holds where eps matters", () => {
  const x = randomArray(14, 24).map((value) => value * 3e-3);
  const weight = randomArray(7, 25);
  const bias = randomArray(7, 26);
  const dy = randomArray(14, 27);
  const loss = () => dot(dy, layerNorm(x, weight, bias));
  checkGradient("dx", loss, x, layerNormAdjoint(x, weight, dy).dx, 1e-4);
});

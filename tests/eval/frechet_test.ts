// Statistics, eigenvalues and the Frechet distance against closed forms and NumPy's and SciPy's figures.

import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { symmetricEigenvalues } from "../../src/eval/eigenvalues.ts";
import { frechetDistance } from "../../src/eval/frechet.ts";
import { FeatureStatistics, type Gaussian } from "../../src/eval/statistics.ts";
import { assertWithin, data } from "../helpers/close.ts";
import reference from "./fixtures/distances.json" with { type: "json" };

function fitted(rows: readonly ArrayLike<number>[]): Gaussian {
  const statistics = new FeatureStatistics(rows[0].length);
  for (const row of rows) statistics.add(row);
  return statistics.gaussian();
}

function diagonal(mean: number[], variances: number[]): Gaussian {
  const n = mean.length;
  const covariance = new Float64Array(n * n);
  variances.forEach((value, i) => covariance[i * n + i] = value);
  return { mean: Float64Array.from(mean), covariance };
}

/** C + C' of random numbers, times itself: positive definite, or of rank `rank`. */
function covariance(n: number, stream: number, rank = n): Float64Array {
  const root = data(n * rank, stream);
  return Float64Array.from({ length: n * n }, (_, at) => {
    const [i, j] = [Math.floor(at / n), at % n];
    let sum = 0;
    for (let k = 0; k < rank; k++) sum += root[i * rank + k] * root[j * rank + k];
    return sum;
  });
}

Deno.test("FeatureStatistics gives NumPy's mean and covariance", () => {
  const { mean, covariance } = fitted(reference.real);
  assertWithin("mean", mean, reference.mean, 1e-13);
  assertWithin("covariance", covariance, reference.covariance.flat(), 1e-12);
});

Deno.test("FeatureStatistics is exact for more rows than a block, far from the origin", () => {
  const rows = Array.from({ length: 150 }, (_, i) => [1e6 + i % 3, 1e6 - i % 3]);
  const variance = 2 / 3 * 150 / 149;
  assertWithin(
    "covariance",
    fitted(rows).covariance,
    [1, -1, -1, 1].map((s) => s * variance),
    1e-9,
  );
});

Deno.test("FeatureStatistics has no covariance of one image, and refuses vectors of another length", () => {
  const statistics = new FeatureStatistics(2);
  statistics.add([1, 2]);
  assertThrows(() => statistics.gaussian(), RangeError, "two or more images, got 1");
  assertThrows(() => statistics.add([1]), RangeError, "expected 2");
});

Deno.test("symmetricEigenvalues() gives NumPy's, known ones, and traces of odd sizes", () => {
  const sorted = (values: Float64Array) => [...values].sort((a, b) => a - b);
  const matrix = Float64Array.from(reference.covariance.flat());
  assertWithin("NumPy", sorted(symmetricEigenvalues(matrix, 6)), reference.eigenvalues, 1e-12);
  assertWithin(
    "2 x 2",
    sorted(symmetricEigenvalues(new Float64Array([2, 0, 1, 2]), 2)),
    [1, 3],
    1e-14,
  );
  // Of the second difference: 2 - 2 cos(k pi / (n + 1)).
  for (const n of [1, 2, 3, 17, 64]) {
    const second = new Float64Array(n * n);
    for (let i = 0; i < n; i++) {
      second[i * n + i] = 2;
      if (i > 0) second[i * n + i - 1] = -1;
    }
    const known = Array.from(
      { length: n },
      (_, k) => 2 - 2 * Math.cos((k + 1) * Math.PI / (n + 1)),
    );
    assertWithin(`${n}`, sorted(symmetricEigenvalues(second, n)), known, 1e-13);
  }
  for (const n of [5, 33]) {
    const c = covariance(n, 3);
    const trace = c.reduce((sum, value, at) => at % (n + 1) === 0 ? sum + value : sum, 0);
    const squares = c.reduce((sum, value) => sum + value * value, 0);
    const values = symmetricEigenvalues(c.slice(), n);
    assertAlmostEquals(values.reduce((a, b) => a + b), trace, 1e-11 * trace);
    assertAlmostEquals(values.reduce((a, b) => a + b * b, 0), squares, 1e-11 * squares);
  }
});

Deno.test("frechetDistance() gives SciPy's", () => {
  const [real, fake] = [fitted(reference.real), fitted(reference.fake)];
  assertAlmostEquals(frechetDistance(real, fake), reference.frechet, 1e-10);
  assertAlmostEquals(frechetDistance(fake, real), reference.frechet, 1e-10);
});

Deno.test("frechetDistance() gives closed forms", () => {
  // In one dimension (m1 - m2)^2 + (s1 - s2)^2; along axes, the sum of these.
  const a = diagonal([1, 0, 2], [4, 9, 0.25]);
  const b = diagonal([0, 0, 5], [1, 16, 0.25]);
  assertAlmostEquals(frechetDistance(a, b), 1 + 9 + 1 + 1, 1e-12);
  assertEquals(frechetDistance(diagonal([3], [0]), diagonal([1], [0])), 4);
  // Of C and s C: Tr C (1 - sqrt(s))^2, whatever C.
  const n = 20;
  const c = covariance(n, 7);
  const trace = c.reduce((sum, value, at) => at % (n + 1) === 0 ? sum + value : sum, 0);
  const mean = new Float64Array(n);
  const scaled = { mean, covariance: c.map((value) => 9 * value) };
  assertAlmostEquals(frechetDistance({ mean, covariance: c }, scaled), 4 * trace, 1e-9 * trace);
});

Deno.test("frechetDistance() takes singular covariances", () => {
  const n = 30;
  const mean = new Float64Array(n);
  const thin = { mean, covariance: covariance(n, 9, 4) };
  const full = { mean, covariance: covariance(n, 10) };
  const trace = thin.covariance.reduce((sum, v, at) => at % (n + 1) === 0 ? sum + v : sum, 0);
  assert(frechetDistance(thin, thin) < 1e-9 * trace);
  assertAlmostEquals(frechetDistance(thin, full), frechetDistance(full, thin), 1e-6 * trace);
  const nothing = { mean, covariance: new Float64Array(n * n) };
  assertAlmostEquals(frechetDistance(thin, nothing), trace, 1e-9);
  assertAlmostEquals(frechetDistance(nothing, thin), trace, 1e-9);
  // Disjoint subspaces share nothing: the traces add up.
  const [x, y] = [diagonal([0, 0], [5, 0]), diagonal([0, 0], [0, 3])];
  assertAlmostEquals(frechetDistance(x, y), 8, 1e-12);
});

Deno.test("frechetDistance() refuses features of two spaces", () => {
  assertThrows(() => frechetDistance(diagonal([0], [1]), diagonal([0, 0], [1, 1])), RangeError);
});

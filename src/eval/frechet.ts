/**
 * The Frechet distance between Gaussians (Dowson & Landau 1982), as FID measures it.
 *
 * @module
 */
import { symmetricEigenvalues } from "./eigenvalues.ts";
import type { Gaussian } from "./statistics.ts";

/**
 * |mean1 - mean2|^2 + Tr(C1 + C2 - 2 (C1 C2)^(1/2)), in float64. Covariances can be singular, as
 * they are where there are fewer images than features.
 *
 * With C1 = L L', the eigenvalues of C1 C2 are those of the symmetric L' C2 L, so the trace of the
 * root needs neither the root of a matrix nor eigenvectors.
 *
 * @returns at least 0; rounding errors below count as 0
 * @throws {RangeError} when the dimensions differ
 */
export function frechetDistance(a: Gaussian, b: Gaussian): number {
  const n = a.mean.length;
  if (b.mean.length !== n) {
    throw new RangeError(`Cannot compare ${n} features with ${b.mean.length}: dimensions differ`);
  }
  let distance = 0;
  for (let i = 0; i < n; i++) {
    distance += (a.mean[i] - b.mean[i]) ** 2 + a.covariance[i * n + i] + b.covariance[i * n + i];
  }
  return Math.max(0, distance - 2 * traceOfRoot(a.covariance, b.covariance, n));
}

/** Tr((A B)^(1/2)) of positive semidefinite matrices (n, n). */
function traceOfRoot(a: Float64Array, b: Float64Array, n: number): number {
  const columns = factor(a, n);
  const rank = columns.length;
  if (rank === 0) return 0;
  const inner = new Float64Array(rank * rank);
  const image = new Float64Array(n);
  columns.forEach((column, i) => {
    for (let row = 0; row < n; row++) image[row] = dot(b.subarray(row * n, row * n + n), column);
    for (let j = 0; j <= i; j++) inner[i * rank + j] = dot(image, columns[j]);
  });
  const values = symmetricEigenvalues(inner, rank);
  const largest = values.reduce((a, b) => Math.max(a, b), 0);
  // Rounding turns a zero eigenvalue into this much, and its root would count.
  const least = rank * Number.EPSILON * largest;
  return values.reduce((sum, value) => value > least ? sum + Math.sqrt(value) : sum, 0);
}

/**
 * Columns (n) of an L with L L' = a, as many as a has rank: Cholesky with the largest pivot first,
 * ended where the rest is rounding.
 */
function factor(a: Float64Array, n: number): Float64Array[] {
  const left = Float64Array.from({ length: n }, (_, i) => a[i * n + i]);
  const least = n * Number.EPSILON * left.reduce((x, y) => Math.max(x, y), 0);
  const columns: Float64Array[] = [];
  for (;;) {
    const pivot = left.reduce((best, value, i) => value > left[best] ? i : best, 0);
    if (!(left[pivot] > least) || columns.length === n) return columns;
    const column = a.slice(pivot * n, pivot * n + n);
    for (const known of columns) {
      const share = known[pivot];
      for (let i = 0; i < n; i++) column[i] -= share * known[i];
    }
    const root = Math.sqrt(left[pivot]);
    for (let i = 0; i < n; i++) {
      column[i] /= root;
      left[i] -= column[i] ** 2;
    }
    left[pivot] = 0;
    columns.push(column);
  }
}

/** Four sums at a time: one alone would wait for each of its additions. */
function dot(a: Float64Array, b: Float64Array): number {
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  let i = 0;
  for (; i + 4 <= a.length; i += 4) {
    s0 += a[i] * b[i];
    s1 += a[i + 1] * b[i + 1];
    s2 += a[i + 2] * b[i + 2];
    s3 += a[i + 3] * b[i + 3];
  }
  for (; i < a.length; i++) s0 += a[i] * b[i];
  return s0 + s1 + (s2 + s3);
}

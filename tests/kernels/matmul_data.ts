// Operands of matrix products, and the products in float64.

import type { EpilogueOptions } from "../../kernels/wgsl/epilogue.ts";
import type { Layout } from "../../kernels/shapes.ts";
import { data } from "../helpers/close.ts";
import { activation, activationDerivative } from "../reference/activation.ts";
import { matmul } from "../reference/matmul.ts";

/** Sums of up to 132 products in float32 keep within 1e-6 of the largest; a dropped one is 1e-3. */
export const RELATIVE = 2e-6;

/** Rows, columns, and the length of the sum. */
export type Shape = readonly [m: number, n: number, k: number];

/** Each size beside those of tiles, slices and vectors. */
export const SHAPES: readonly Shape[] = [
  [1, 1, 1],
  [1, 5, 3],
  [9, 1, 2],
  [7, 9, 5], // k not divisible by 4
  [8, 10, 12], // n not divisible by 4
  [10, 8, 12], // m not divisible by 4
  [4, 4, 4],
  [12, 20, 16],
  [65, 67, 33], // just over the 64 x 64 tile, and over two slices of 16
  [68, 132, 36],
  [133, 70, 129],
];

/** Everything that a product may read. */
export interface Operands {
  a: Float64Array;
  b: Float64Array;
  bias: Float64Array;
  residual: Float64Array;
  pre: Float64Array;
  out: Float64Array;
}

/** Random operands of a shape. */
export function operands([m, n, k]: Shape): Operands {
  return {
    a: data(m * k, 1),
    b: data(k * n, 2),
    bias: data(n, 3),
    residual: data(m * n, 4),
    pre: data(m * n, 5, 2),
    out: data(m * n, 6),
  };
}

/** The product with its bias, what the epilogue makes of it, and the column sums of `a`. */
export function expected(
  { layout, bias, ...epilogue }: EpilogueOptions & { layout: Layout; bias?: boolean },
  [m, n, k]: Shape,
  from: Operands,
): { pre: Float64Array; out: Float64Array; sums: Float64Array } {
  const transA = layout === "tn";
  const product = matmul(from.a, from.b, { m, n, k, transA, transB: layout === "nt" });
  const pre = product.map((sum, i) => sum + (bias ? from.bias[i % n] : 0));
  const sums = new Float64Array(m);
  if (transA) { for (let i = 0; i < m * k; i++) sums[i % m] += from.a[i]; }
  return { pre, out: afterwards(epilogue, pre, from), sums };
}

/** The epilogue of a product, in float64. */
export function afterwards(
  { activation: act, derivative, residual, accumulate }: EpilogueOptions,
  product: Float64Array,
  from: Operands,
): Float64Array {
  return product.map((value, i) => {
    let y = derivative ? value * activationDerivative(derivative, from.pre[i]) : value;
    if (act) y = activation(act, y);
    if (residual) y += from.residual[i];
    return accumulate ? y + from.out[i] : y;
  });
}

/** Values with NaN around them: shows any element that is read but isn't the operand's own. */
export function padded(values: ArrayLike<number>, before: number): number[] {
  return [...Array(before).fill(NaN), ...Array.from(values), ...Array(12).fill(NaN)];
}

/** Room for a result at an origin, marked so that a write beside it shows. */
export function marked(size: number): Float32Array<ArrayBuffer> {
  return new Float32Array(size).fill(77);
}

/** The same rows with `stride` elements from each to the next, zeros between. */
export function gapped(values: Float64Array, row: number, stride: number): Float64Array {
  return Float64Array.from(
    { length: values.length / row * stride },
    (_, i) => i % stride < row ? values[Math.floor(i / stride) * row + i % stride] : 0,
  );
}

/**
 * The matrix products that are timed on a GPU.
 *
 * @module
 */
import type { Layout, OperandsOf } from "../../src/graph/ops.ts";
import { temporary } from "../../src/graph/tensor.ts";

/** A product's sizes. */
export interface ProductSizes {
  readonly layout: Layout;
  readonly m: number;
  readonly n: number;
  readonly k: number;
}

/** Forward products of faces, demo, cifar10, and imagenet64, their adjoints, and two large ones. */
export const PRODUCTS: readonly ProductSizes[] = ([
  [512, 512, 128],
  [2048, 256, 64],
  [4096, 512, 512],
  [2048, 768, 768],
] as const).flatMap(([m, n, k]): ProductSizes[] => [
  { layout: "nt", m, n, k },
  { layout: "nn", m, n: k, k: n },
  { layout: "tn", m: n, n: k, k: m },
]).concat([1024, 4096].map((size) => ({ layout: "nt", m: size, n: size, k: size })));

/** A product as an operation. */
export function productOf(
  sizes: ProductSizes,
): { name: "matmul"; sizes: ProductSizes; operands: OperandsOf<"matmul"> } {
  const { m, n, k } = sizes;
  const operands = { a: temporary(m, k), b: temporary(n, k), out: temporary(m, n) };
  return { name: "matmul", sizes, operands };
}

/** Results that are looked at. */
const LOOKS = 500;

/** The largest error of some results against float64, relative to the largest of these. */
export function sampledError(
  { layout, m, n, k }: ProductSizes,
  a: Float32Array,
  b: Float32Array,
  out: Float32Array,
): number {
  let [error, largest] = [0, 0];
  for (let look = 0; look < LOOKS; look++) {
    const at = Math.floor((look + 0.5) * m * n / LOOKS);
    const [row, column] = [Math.floor(at / n), at % n];
    let sum = 0;
    for (let i = 0; i < k; i++) {
      sum += a[layout === "tn" ? i * m + row : row * k + i] *
        b[layout === "nt" ? column * k + i : i * n + column];
    }
    // Not Math.max: an error that is no number must count as one.
    const difference = Math.abs(out[at] - sum);
    if (!(difference <= error)) error = difference;
    largest = Math.max(largest, Math.abs(sum));
  }
  return error / largest;
}

/**
 * One product of ours, A W' with a W of its own each time, ready to be timed.
 *
 * @module
 */
import type { Gpu } from "../src/gpu/device.ts";
import { product } from "../src/nn/product.ts";
import { checkProduct, copiesOf, operandsOf, type Shape, tensorOf, timeOnce } from "./measure.ts";
import { filler } from "./peers/timing.ts";

/** A product that a device holds ready. */
export interface OurProduct {
  /** Milliseconds of one product, transpositions of its operands included. */
  time(): Promise<number>;
  /** Frees its memory. */
  destroy(): void;
}

/**
 * Records `products` products into one submission, and checks the first one's result.
 *
 * @throws {Error} when the result is wrong
 */
export async function startProduct(gpu: Gpu, shape: Shape, products: number): Promise<OurProduct> {
  const { m, n, k } = shape;
  const operands = operandsOf(shape);
  const a = tensorOf(gpu, "a", [m, k], operands.a);
  const weights = Array.from(
    { length: products },
    (_, i) => tensorOf(gpu, "w", [n, k], i ? filler(n * k, 1, 2 + i) : operands.w),
  );
  const outs = weights.map(() => tensorOf(gpu, "out", [m, n], new Float32Array(m * n).fill(NaN)));
  const program = await copiesOf(
    gpu,
    gpu.kind,
    products,
    (plan, i) => product(plan, { layout: "nt", ...shape, a, b: weights[i], out: outs[i] }),
  );
  await timeOnce(gpu, program);
  checkProduct("ours", shape, operands, await gpu.read(outs[0]));
  return {
    time: async () => await timeOnce(gpu, program) / products,
    destroy: () => {
      program.destroy();
      gpu.release(...[a, ...weights, ...outs].map(({ storage }) => storage!));
    },
  };
}

/**
 * One product of ours, A W' with a W of its own each time, ready to be timed.
 *
 * @module
 */
import type { Device } from "../src/device/device.ts";
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
export async function startProduct(
  device: Device,
  shape: Shape,
  products: number,
): Promise<OurProduct> {
  const { m, n, k } = shape;
  const operands = operandsOf(shape);
  const a = tensorOf(device, "a", [m, k], operands.a);
  const weights = Array.from(
    { length: products },
    (_, i) => tensorOf(device, "w", [n, k], i ? filler(n * k, 1, 2 + i) : operands.w),
  );
  const outs = weights.map(() =>
    tensorOf(device, "out", [m, n], new Float32Array(m * n).fill(NaN))
  );
  const program = await copiesOf(
    device,
    products,
    (plan, i) =>
      plan.record("matmul", { layout: "nt", ...shape }, { a, b: weights[i], out: outs[i] }),
  );
  await timeOnce(device, program);
  checkProduct("ours", shape, operands, await device.read(outs[0]));
  return {
    time: async () => await timeOnce(device, program) / products,
    destroy: () => {
      program.destroy();
      device.release(...[a, ...weights, ...outs].map(({ storage }) => storage!));
    },
  };
}

/**
 * Initial values of a network's parameters.
 *
 * @module
 */
import { RandomStream, seedFor } from "../nn/random.ts";
import type { ParameterLayout } from "./parameters.ts";

/**
 * The slab (layout.size floats, padding zero) of a fresh network: each parameter drawn as PyTorch
 * draws it, from a stream of its own.
 *
 * @param seed u32
 */
export function initialize(layout: ParameterLayout, seed: number): Float32Array<ArrayBuffer> {
  const slab = new Float32Array(layout.size);
  const base = seedFor(seed, "initialize");
  layout.parameters.forEach(({ name, offset, size, initial }) => {
    const stream = new RandomStream(seedFor(base, name), 0);
    const values = slab.subarray(offset, offset + size);
    if (initial.kind === "one") values.fill(1);
    else if (initial.kind === "normal") values.forEach((_, i) => values[i] = stream.normal(i));
    else if (initial.kind === "uniform") {
      values.forEach((_, i) => values[i] = (2 * stream.uniform(i) - 1) * initial.bound);
    }
  });
  return slab;
}

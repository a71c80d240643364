/**
 * Initial values of a network's parameters.
 *
 * @module
 */
import { RandomStream, seedFor } from "../nn/random.ts";
import type { ParameterLayout } from "./parameters.ts";

/**
 * The slab (layout.size floats, padding zero) of a fresh network: each parameter drawn by its
 * `initial`, from a stream of its own.
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
    else if (initial.kind === "truncated") truncated(seedFor(base, name), values);
    else if (initial.kind === "uniform") {
      values.forEach((_, i) => values[i] = (2 * stream.uniform(i) - 1) * initial.bound);
    }
  });
  return slab;
}

/** As Keras's TruncatedNormal(0.02): values beyond two deviations are drawn again. */
function truncated(seed: number, values: Float32Array): void {
  values.forEach((_, i) => {
    let drawn = 3;
    for (let k = 0; Math.abs(drawn) > 2; k++) drawn = new RandomStream(seed, k).normal(i);
    values[i] = 0.02 * drawn;
  });
}

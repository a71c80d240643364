/**
 * The paper's networks under the names of google-research/pix2seq.
 *
 * @module
 */
import type { Checkpoint } from "../checkpoint.ts";
import { type NamedArray, writeSafetensors } from "../safetensors.ts";
import { variablesOf, walk } from "./variables.ts";

/**
 * A safetensors file of the variables of `ImageTapeDenoiser`, from the moving average of the weights
 * where there is one.
 *
 * @throws {ConfigError} when the network is not one that pix2seq has
 */
export function exportPix2seq({ config, slabs }: Checkpoint): Uint8Array<ArrayBuffer> {
  const slab = slabs.ema ?? slabs.parameters;
  const tensors = new Map<string, NamedArray>();
  for (const variable of variablesOf(config)) {
    const { name, shape } = variable;
    const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
    walk(variable, (from, to) => data[to] = slab[from]);
    tensors.set(name, { shape, data });
  }
  return writeSafetensors({ metadata: { format: "pix2seq" }, tensors });
}

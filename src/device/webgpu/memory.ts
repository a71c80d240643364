/**
 * How much memory a plan takes on a GPU, without one.
 *
 * @module
 */
import type { Plan } from "../../graph/plan.ts";
import type { Storage } from "../../graph/tensor.ts";
import { place } from "../pool.ts";
import { bufferBytes, PARAMS_STRIDE } from "./binding.ts";
import { lower } from "./lowering.ts";

/** Bytes of all buffers that replaying a plan takes, storages included. */
export function webgpuBytes(plan: Plan<string>): number {
  const dispatches = lower(plan);
  const storages = new Set<Storage>();
  for (const { tensors } of dispatches) {
    for (const { storage } of tensors) if (storage) storages.add(storage);
  }
  const slots = place(dispatches).bytes.map(bufferBytes);
  const apart = [...storages].map(({ bytes }) => bufferBytes(bytes));
  return [...slots, ...apart].reduce((a, b) => a + b, dispatches.length * PARAMS_STRIDE);
}

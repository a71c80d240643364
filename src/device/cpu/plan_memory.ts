/**
 * How much memory a plan takes on the CPU device, without one.
 *
 * @module
 */
import type { Plan } from "../../graph/plan.ts";
import { aligned, ALIGNMENT } from "./allocator.ts";
import { layOut } from "./layout.ts";
import { lowerings } from "./lowering/table.ts";

/** Bytes that replaying a plan takes in a number of threads, storages included. */
export function cpuBytes(plan: Plan<string>, threads: number): number {
  const { storages, activations, scratchEach, tape } = layOut(plan, lowerings);
  const owned = [activations, scratchEach * threads, tape].filter((bytes) => bytes > 0);
  const ranges = [...owned, ...[...storages.keys()].map(({ bytes }) => bytes)];
  return ranges.reduce((sum, bytes) => sum + Math.max(ALIGNMENT, aligned(bytes)), 0);
}

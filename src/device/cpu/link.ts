/**
 * A build of the kernels with the memory that it computes in.
 *
 * @module
 */
import type { Arithmetic } from "./device.ts";
import { reserve } from "./memory.ts";
import type { Run } from "./runner.ts";

/** Whether a build's memory is shared between threads. */
export type Sharing = "threads" | "alone";

/** Exports of every build, see kernels/wasm/assembly. */
export interface Exports {
  readonly run: Run;
  multiplyAdd(a: number, b: number, c: number): number;
  heapBase(): number;
}

/** A build with a memory. */
export interface Linked {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  /** Bytes to which the memory can grow. */
  readonly maximum: number;
  readonly exports: Exports;
}

/**
 * Links a build to a new memory.
 *
 * @param limit bytes to which the memory can grow
 */
export async function linkToNew(
  module: WebAssembly.Module,
  sharing: Sharing,
  limit?: number,
): Promise<Linked> {
  const { memory, maximum } = reserve(sharing === "threads", limit);
  return { module, memory, maximum, exports: await link(module, memory) };
}

/** Links a build to a memory. */
export async function link(
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
): Promise<Exports> {
  const instance = await WebAssembly.instantiate(module, { env: { memory } });
  return instance.exports as unknown as Exports;
}

/**
 * Finds how a build's multiply-add rounds on this machine: the square of 1 + 2^-12 is 1 + 2^-11 +
 * 2^-24, which rounds to 1 + 2^-11.
 */
export function arithmeticOf({ multiplyAdd }: Exports): Arithmetic {
  const a = 1 + 2 ** -12;
  return multiplyAdd(a, a, -(1 + 2 ** -11)) === 0 ? "exact" : "fused";
}

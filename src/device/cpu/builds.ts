/**
 * Which build of the kernels a runtime can run.
 *
 * @module
 */
import { unshared } from "../../../kernels/wasm/unshared.ts";
import type { Arithmetic } from "./device.ts";
import type { Run } from "./runner.ts";

/** Whether a build's memory is shared between threads. */
export type Sharing = "threads" | "alone";

/** What every build exports, see kernels/wasm/assembly. */
export interface Exports {
  readonly run: Run;
  multiplyAdd(a: number, b: number, c: number): number;
  heapBase(): number;
}

// Each is fetched only when it is needed.
const texts = {
  fused: () => import("../../../kernels/wasm/fused_threads.ts"),
  exact: () => import("../../../kernels/wasm/exact_threads.ts"),
};

/**
 * Compiles a build; nothing where the runtime doesn't know an instruction of it.
 *
 * @throws {Error} when the runtime compiles no bytes
 */
export async function compile(
  sharing: Sharing,
  arithmetic: Arithmetic,
): Promise<WebAssembly.Module | undefined> {
  const { default: text } = await texts[arithmetic]();
  const shared = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const bytes = sharing === "threads" ? shared : unshared(shared);
  if (!WebAssembly.validate(bytes)) return undefined;
  try {
    return await WebAssembly.compile(bytes);
  } catch (error) {
    throw new Error(
      "This runtime compiles no WebAssembly: import a .wasm file of kernels/wasm and pass it as " +
        `\`module\` (${(error as Error).message})`,
    );
  }
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
 * What a build's multiply-add does on this machine: the square of 1 + 2^-12 is 1 + 2^-11 + 2^-24, of
 * which rounding leaves 1 + 2^-11.
 */
export function arithmeticOf({ multiplyAdd }: Exports): Arithmetic {
  const a = 1 + 2 ** -12;
  return multiplyAdd(a, a, -(1 + 2 ** -11)) === 0 ? "exact" : "fused";
}

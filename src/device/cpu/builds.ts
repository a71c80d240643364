/**
 * The builds of the kernels that come with the package as text, and which of them suits a runtime.
 *
 * @module
 */
import { unshared } from "../../../kernels/wasm/unshared.ts";
import type { Arithmetic } from "./device.ts";
import { NoCpuError } from "./errors.ts";
import { arithmeticOf, type Linked, linkToNew, type Sharing } from "./link.ts";

// Each is fetched only when it is needed.
const texts = {
  fused: () => import("../../../kernels/wasm/fused_threads.ts"),
  exact: () => import("../../../kernels/wasm/exact_threads.ts"),
};

/**
 * Compiles a build; undefined where the runtime lacks one of its instructions.
 *
 * @throws {NoCpuError} when the runtime compiles no bytes
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
    throw new NoCpuError(
      "This runtime compiles no WebAssembly: import a .wasm file of kernels/wasm and pass it as " +
        `\`module\` (${(error as Error).message})`,
      "compile",
    );
  }
}

/**
 * The fused build where multiply-add is fused on this machine, else the exact one.
 *
 * @param limit bytes to which the memory can grow
 * @throws {NoCpuError} when the runtime can run neither, or compiles no bytes
 */
export async function linkBest(sharing: Sharing, limit?: number): Promise<Linked> {
  for (const arithmetic of ["fused", "exact"] as const) {
    const module = await compile(sharing, arithmetic);
    const linked = module && await linkToNew(module, sharing, limit);
    if (linked && arithmeticOf(linked.exports) === arithmetic) return linked;
  }
  throw new NoCpuError(
    "This runtime has no WebAssembly SIMD, which the CPU device needs: use a newer one",
    "simd",
  );
}

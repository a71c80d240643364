/**
 * The kernels as a module that the program has imported.
 *
 * @module
 */
import { checkNames, checkOptions, tagOf } from "../../options/schema.ts";
import type { CpuDevice } from "./device.ts";
import { NoCpuError } from "./errors.ts";
import { type Linked, linkToNew, type Sharing } from "./link.ts";
import { canShare, CPU_OPTIONS, onHost, startInThreads, type StartOptions } from "./start.ts";

/** How the CPU is set up from a module. */
export interface CpuModuleOptions extends StartOptions {
  /**
   * The kernels: a `.wasm` file of kernels/wasm that was imported as a module. `fused.wasm` and
   * `exact.wasm` are for one thread, the host's own.
   */
  readonly module: WebAssembly.Module;
}

/**
 * The CPU device from a module.
 *
 * @throws {RangeError} when an option is unknown or makes no sense
 * @throws {NoCpuError} when `module` is no build that this runtime can run
 */
export async function requestCpuOf(options: CpuModuleOptions): Promise<CpuDevice> {
  checkNames(options, Object.keys(CPU_OPTIONS), "option");
  checkModule(options.module);
  const { module, threads, memoryLimit } = checkOptions(CPU_OPTIONS, options, "option");
  if (canShare()) {
    const linked = await tryLink(module, "threads", memoryLimit);
    const device = linked && await startInThreads(linked, threads);
    if (device) return device;
  }
  const linked = await tryLink(module, "alone", memoryLimit);
  if (linked) return onHost(linked);
  throw new NoCpuError(
    "`module` is a build for threads, and this runtime has none that share memory: pass fused.wasm " +
      "or exact.wasm",
    "module",
  );
}

const EXPORTS = ["run", "multiplyAdd", "heapBase"];

function checkModule(module: unknown): void {
  // A module of another realm is one, too.
  const kind = tagOf(module);
  if (kind !== "WebAssembly.Module") {
    throw new NoCpuError(
      `\`module\` is of the type ${kind}: expected a WebAssembly.Module, as importing kernels/wasm/fused.wasm ` +
        "gives in a runtime that imports modules without running them",
      "module",
    );
  }
  const exports = WebAssembly.Module.exports(module as WebAssembly.Module).map(({ name }) => name);
  if (EXPORTS.every((name) => exports.includes(name))) return;
  throw new NoCpuError(
    "`module` is another program: pass fused.wasm or exact.wasm of this package's kernels/wasm",
    "module",
  );
}

/** A module doesn't declare whether its memory is shared, but it links to one kind only. */
async function tryLink(
  module: WebAssembly.Module,
  sharing: Sharing,
  limit?: number,
): Promise<Linked | undefined> {
  try {
    return await linkToNew(module, sharing, limit);
  } catch (error) {
    if (error instanceof WebAssembly.LinkError) return undefined;
    throw error;
  }
}

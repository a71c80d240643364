/**
 * Asks for the CPU.
 *
 * @module
 */
import { checkObject, checkOptions } from "../../options/schema.ts";
import { linkBest } from "./builds.ts";
import type { CpuDevice } from "./device.ts";
import { requestCpuOf } from "./module.ts";
import { canShare, CPU_OPTIONS, onHost, startInThreads, type StartOptions } from "./start.ts";

/** How {@linkcode requestCpu} sets the CPU up. */
export interface CpuOptions extends StartOptions {
  /**
   * The kernels, for runtimes that compile no bytes (Cloudflare's workerd): a `.wasm` file of
   * kernels/wasm that was imported as a module. Default: the build that suits the runtime.
   */
  readonly module?: WebAssembly.Module;
}

/**
 * Requests the CPU. Where the runtime has workers that can share memory, they compute, and the
 * host's event loop stays free; else the host computes, and yields to the event loop every 10 ms.
 *
 * @throws {RangeError} when an option is unknown or makes no sense
 * @throws {NoCpuError} when the runtime has no WebAssembly SIMD or compiles none, or `module` is no
 * build that it can run
 */
export async function requestCpu(options: CpuOptions = {}): Promise<CpuDevice> {
  checkObject(options, "option");
  const { module } = options;
  if (module !== undefined) return await requestCpuOf({ ...options, module });
  const { threads, memoryLimit } = checkOptions(CPU_OPTIONS, options, "option");
  if (canShare()) {
    const device = await startInThreads(await linkBest("threads", memoryLimit), threads);
    if (device) return device;
  }
  return onHost(await linkBest("alone", memoryLimit));
}

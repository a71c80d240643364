/**
 * Prediction and sampling on the CPU, in WebAssembly, for runtimes without WebGPU: edge workers,
 * Node, Bun, Deno, and pages of browsers that have none. The main entry has this device, too.
 *
 * @example Make images
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { requestCpu, Rin } from "@rin/rin/cpu";
 *
 * const cpu = await requestCpu();
 * const rin = await Rin.create(cpu, { imageSize: 16, patchSize: 4, latentDim: 32, numHeads: 2 });
 * const images = await rin.sample({ count: 2, sampler: "dpm++", steps: 5, seed: 1 });
 * assertEquals(images.length, 2 * 3 * 16 * 16); // (2, 3, 16, 16) in [-1, 1]
 * cpu.destroy();
 * ```
 *
 * @module
 */
export { type CpuOptions, requestCpu } from "./src/device/cpu/request.ts";
export type { StartOptions } from "./src/device/cpu/start.ts";
export { NoCpuError, type NoCpuReason } from "./src/device/cpu/errors.ts";
export { type Arithmetic, CpuDevice } from "./src/device/cpu/device.ts";
export * from "./src/sampling.ts";

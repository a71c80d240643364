/**
 * Prediction and sampling on the CPU for runtimes that compile no WebAssembly at run time and
 * import it instead: Cloudflare Workers, Vercel's edge functions. Like `./cpu`, but the caller
 * passes the kernels, so a bundle doesn't hold them twice.
 *
 * @example A worker
 * ```js ignore
 * import { requestCpu, Rin } from "@rin/rin/cpu/module";
 * import kernels from "./node_modules/@rin/rin/kernels/wasm/fused.wasm";
 * import checkpoint from "./faces.safetensors";
 *
 * const rin = await Rin.load(await requestCpu({ module: kernels }), checkpoint);
 * ```
 *
 * @module
 */
export { type CpuModuleOptions, requestCpuOf as requestCpu } from "./src/device/cpu/module.ts";
export type { StartOptions } from "./src/device/cpu/start.ts";
export { NoCpuError, type NoCpuReason } from "./src/device/cpu/errors.ts";
export { type Arithmetic, CpuDevice } from "./src/device/cpu/device.ts";
export * from "./src/sampling.ts";

/**
 * Prediction and sampling alone, for browsers and edge runtimes: no training, no file system,
 * nothing but WebGPU. All of it is in the main entry, too.
 *
 * @example Make images
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { requestGpu, Rin } from "@rin/rin/sampler";
 *
 * const gpu = await requestGpu();
 * const rin = await Rin.create(gpu, { imageSize: 16, patchSize: 4, latentDim: 32, numHeads: 2 });
 * const images = await rin.sample({ count: 2, sampler: "dpm++", steps: 5, seed: 1 });
 * assertEquals(images.length, 2 * 3 * 16 * 16); // (2, 3, 16, 16) in [-1, 1]
 * gpu.destroy();
 * ```
 *
 * @example Watch them come
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { requestGpu, Rin } from "@rin/rin/sampler";
 *
 * const gpu = await requestGpu();
 * const rin = await Rin.create(gpu, { imageSize: 16, patchSize: 4, latentDim: 32, numHeads: 2 });
 * const seen: number[] = [];
 * await rin.sample({ count: 1, steps: 6, estimates: 3, onEstimate: ({ done }) => seen.push(done) });
 * assertEquals(seen, [2, 4, 6]);
 * gpu.destroy();
 * ```
 *
 * @module
 */
export { Gpu, type GpuOptions, requestGpu } from "./src/device/webgpu/gpu.ts";
export type { TileMemory } from "./src/device/webgpu/tuner.ts";
export * from "./src/sampling.ts";

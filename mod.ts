/**
 * Recurrent Interface Networks (Jabri, Fleet & Chen 2023, arXiv 2212.11972) on a GPU through
 * WebGPU, or on the CPU: sampling, training, and the gradients behind it. Typed arrays in, typed
 * arrays out; a bundler leaves out unused parts.
 *
 * @example Sample from a checkpoint
 * ```ts ignore
 * import { requestGpu, Rin } from "@rin/rin";
 *
 * const gpu = await requestGpu();
 * const rin = await Rin.load(gpu, await Deno.readFile("runs/faces/last.safetensors"));
 * const images = await rin.sample({ count: 4, steps: 100, seed: 1 }); // (4, 3, 32, 32) in [-1, 1]
 * ```
 *
 * @example Train
 * ```ts
 * import { assert } from "@std/assert";
 * import { requestGpu, Trainer } from "@rin/rin";
 *
 * const gpu = await requestGpu();
 * const network = { imageSize: 16, patchSize: 4, latentDim: 32, numHeads: 2 };
 * const trainer = await Trainer.create(gpu, network, { batchSize: 2, steps: 500 });
 * const batch = new Float32Array(2 * 3 * 16 * 16); // (2, 3, 16, 16) in [-1, 1]
 * const { loss } = await trainer.step(batch);
 * assert(loss > 0);
 * gpu.destroy();
 * ```
 *
 * @module
 */
export { type DeviceOptions, requestDevice } from "./src/device/request.ts";
export * from "./cpu.ts";
export * from "./sampler.ts";
export * from "./train.ts";

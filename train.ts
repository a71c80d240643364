/**
 * Training, and the loss with its gradients alone. All of it is in the main entry, too.
 *
 * @example Train, save and sample
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Trainer } from "@rin/rin/train";
 * import { requestGpu, Rin } from "@rin/rin/sampler";
 *
 * const gpu = await requestGpu();
 * const network = { imageSize: 16, patchSize: 4, latentDim: 32, numHeads: 2 };
 * const trainer = await Trainer.create(gpu, network, { batchSize: 4, steps: 2 });
 * const batch = new Float32Array(4 * 3 * 16 * 16); // (4, 3, 16, 16) in [-1, 1]
 * await trainer.step(batch);
 * const { step, loss } = await trainer.step(batch);
 * assertEquals([step, loss > 0], [2, true]);
 * const bytes = await trainer.save(); // Trainer.resume(gpu, bytes) continues with the same bits
 * trainer.destroy();
 *
 * const rin = await Rin.load(gpu, bytes);
 * const images = await rin.sample({ count: 1, steps: 3 });
 * assertEquals(images.length, 3 * 16 * 16);
 * gpu.destroy();
 * ```
 *
 * @example Loss and gradients
 * ```ts
 * import { assert } from "@std/assert";
 * import { lossAndGradients } from "@rin/rin/train";
 * import { requestGpu, Rin } from "@rin/rin/sampler";
 *
 * const gpu = await requestGpu();
 * const rin = await Rin.create(gpu, { imageSize: 16, patchSize: 4, latentDim: 32, numHeads: 2 });
 * const x0 = new Float32Array(3 * 16 * 16);
 * const { loss, gradients } = await lossAndGradients(rin, {
 *   x0,
 *   noise: x0.map((_, i) => Math.sin(i)),
 *   t: Float32Array.of(0.5),
 * });
 * assert(loss > 0 && gradients["readout.weight"].length > 0);
 * gpu.destroy();
 * ```
 *
 * @module
 */
export { lossAndGradients, type LossExample } from "./src/diffusion/loss.ts";
export type { OperationProfile } from "./src/device/device.ts";
export type { Measured } from "./src/train/step_tensors.ts";
export type { LrSchedule, Optimizer, TrainOptions } from "./src/train/options.ts";
export { type Moments, type StepMetrics, Trainer } from "./src/train/trainer.ts";
export type { Begun } from "./src/model/begin_from.ts";
export type { Batches, ValidationBatch } from "./src/train/validator.ts";

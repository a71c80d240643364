/**
 * Recurrent Interface Networks (Jabri, Fleet & Chen 2023, arXiv 2212.11972) on WebGPU: sampling,
 * training, and the gradients behind it. Typed arrays in, typed arrays out.
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
 * ```ts ignore
 * import { requestGpu, Trainer } from "@rin/rin";
 *
 * const gpu = await requestGpu();
 * const trainer = await Trainer.create(gpu, { imageSize: 32 }, { batchSize: 8, steps: 500 });
 * const { loss, step } = await trainer.step(batch); // Float32Array (8, 3, 32, 32) in [-1, 1]
 * const bytes = await trainer.save(); // Trainer.resume(gpu, bytes) goes on with the same bits
 * ```
 *
 * @module
 */
export { Gpu, type GpuOptions, requestGpu } from "./src/gpu/device.ts";
export { GpuLimitError, GpuLostError, NoGpuError } from "./src/gpu/errors.ts";
export type { AdapterKind } from "./src/gpu/plan.ts";
export type { KernelProfile } from "./src/gpu/program.ts";
export {
  ConfigError,
  type Positions,
  type Prediction,
  type RinConfig,
  type SelfConditioning,
  type TimeConditioning,
} from "./src/model/config.ts";
export { CheckpointError } from "./src/model/safetensors.ts";
export type { CarriedState } from "./src/diffusion/carried.ts";
export { type PredictionResult, type PredictOptions, Rin } from "./src/diffusion/rin.ts";
export type { SampledBatch, SampleOptions } from "./src/diffusion/sampling.ts";
export { type SamplerName, type SamplerOptions, SAMPLERS } from "./src/diffusion/samplers.ts";
export type { TimeSpacing } from "./src/diffusion/times.ts";
export { lossAndGradients, type LossExample } from "./src/diffusion/loss.ts";
export { type Moments, type StepFigures, Trainer } from "./src/train/trainer.ts";
export type { Measured } from "./src/train/step_plan.ts";
export type { Batches, ValidationBatch } from "./src/train/validator.ts";
export type { LrSchedule, Optimizer, TrainOptions } from "./src/train/options.ts";

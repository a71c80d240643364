/**
 * Recurrent Interface Networks on WebGPU.
 *
 * @module
 */
export { Gpu, type GpuOptions, requestGpu } from "./src/gpu/device.ts";
export { GpuLimitError, GpuLostError, NoGpuError } from "./src/gpu/errors.ts";
export { ConfigError, type RinConfig } from "./src/model/config.ts";
export { CheckpointError } from "./src/model/safetensors.ts";
export { type PredictionResult, Rin, type SampleOptions } from "./src/diffusion/rin.ts";
export { lossAndGradients, type LossExample } from "./src/diffusion/loss.ts";
export { type Moments, type StepFigures, Trainer } from "./src/train/trainer.ts";
export { type TrainOptions } from "./src/train/options.ts";

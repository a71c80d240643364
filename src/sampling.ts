/**
 * The common parts of the entries that sample: everything but a device.
 *
 * @module
 */
export {
  DeviceLimitError,
  DeviceLostError,
  NoGpuError,
  type NoGpuReason,
} from "./device/errors.ts";
export type { Device, DeviceData, OperationProfile, Program } from "./device/device.ts";
export {
  type Channels,
  ConfigError,
  type Layers,
  type Positions,
  type Prediction,
  type RinConfig,
  type SelfConditioning,
  type TimeConditioning,
  type TimeInput,
} from "./model/config.ts";
export type { ImageSize } from "./model/image_size.ts";
export type { CheckpointSource } from "./model/checkpoint_source.ts";
export { CheckpointError } from "./model/safetensors.ts";
export { SamplingError } from "./diffusion/errors.ts";
export type { SelfConditioningState } from "./diffusion/self_conditioning.ts";
export {
  type CreateOptions,
  type LoadOptions,
  type PredictionResult,
  type PredictOptions,
  Rin,
} from "./diffusion/rin.ts";
export {
  type Reading,
  type ReadWeights,
  type WatchOptions,
  watchReading,
} from "./diffusion/reading.ts";
export { readCoverage, readEntropy, readMap, type ReadPart } from "./diffusion/reading_measures.ts";
export type { SampledBatch, SampleOptions } from "./diffusion/sample_options.ts";
export { type SamplerName, type SamplerOptions, SAMPLERS } from "./diffusion/samplers.ts";
export type { TimeSpacing } from "./diffusion/times.ts";

/**
 * Bytes of GPU memory that training and sampling take, without a GPU.
 *
 * @module
 */
import { recordSampling } from "../../src/diffusion/inference.ts";
import { webgpuBytes } from "../../src/device/webgpu/memory.ts";
import type { FloatType } from "../../src/graph/ops.ts";
import type { RinConfig } from "../../src/model/config.ts";
import { parameterLayout } from "../../src/model/parameters.ts";
import { slab, Weights } from "../../src/model/weights.ts";
import type { TrainOptions } from "../../src/train/options.ts";
import { recordStep, trainSlabs } from "../../src/train/step_plan.ts";

/** Bytes that sampling `batch` images at a time takes, weights of a type included. */
export function samplingBytes(
  config: RinConfig,
  batch: number,
  type: FloatType = "f32",
): number {
  const layout = parameterLayout(config, type);
  const weights = new Weights(layout, slab("parameters", layout));
  return webgpuBytes(recordSampling(config, weights, batch).plan);
}

/** Bytes that training takes, optimiser included. */
export function trainingBytes(
  config: RinConfig,
  options: TrainOptions,
): number {
  const layout = parameterLayout(config);
  const { plan } = recordStep(config, options, layout, trainSlabs(layout, options));
  return webgpuBytes(plan);
}

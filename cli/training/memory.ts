/**
 * Bytes of GPU memory that training and sampling take, without a GPU.
 *
 * @module
 */
import type { FloatType } from "../../kernels/parameter.ts";
import { recordInference } from "../../src/diffusion/inference.ts";
import type { AdapterKind } from "../../src/gpu/plan.ts";
import { bytesOf } from "../../src/gpu/pool.ts";
import type { RinConfig } from "../../src/model/config.ts";
import { parameterLayout } from "../../src/model/parameters.ts";
import { slab, Weights } from "../../src/model/weights.ts";
import type { TrainOptions } from "../../src/train/options.ts";
import { recordStep, trainSlabs } from "../../src/train/step_plan.ts";

/** Bytes that sampling `batch` images at a time takes, weights of a type included. */
export function samplingBytes(
  adapter: AdapterKind,
  config: RinConfig,
  batch: number,
  type: FloatType = "f32",
): number {
  const layout = parameterLayout(config, type);
  const weights = new Weights(layout, slab("parameters", layout));
  return bytesOf(recordInference(adapter, config, weights, batch).plan.dispatches);
}

/** Bytes that training takes, optimiser included. */
export function trainingBytes(
  adapter: AdapterKind,
  config: RinConfig,
  options: TrainOptions,
): number {
  const layout = parameterLayout(config);
  const { plan } = recordStep(adapter, config, options, layout, trainSlabs(layout, options));
  return bytesOf(plan.dispatches);
}

/**
 * Bytes of memory that training and sampling take on each device, without one.
 *
 * @module
 */
import { cpuBytes } from "../../src/device/cpu/plan_memory.ts";
import { defaultThreads } from "../../src/device/cpu/start.ts";
import { DeviceLimitError } from "../../src/device/errors.ts";
import { webgpuBytes } from "../../src/device/webgpu/memory.ts";
import { recordSampling } from "../../src/diffusion/inference.ts";
import type { FloatType } from "../../src/graph/ops.ts";
import type { Plan } from "../../src/graph/plan.ts";
import type { RinConfig } from "../../src/model/config.ts";
import { parameterLayout } from "../../src/model/parameters.ts";
import { slab, Weights } from "../../src/model/weights.ts";
import type { TrainOptions } from "../../src/train/options.ts";
import { recordStep, trainSlabs } from "../../src/train/step_plan.ts";

/** Bytes by device. */
export interface DeviceBytes {
  /** Buffers of a GPU; null where an array has more numbers than its kernels can index. */
  readonly gpu: number | null;
  /** Memory of the CPU device with its default number of threads. */
  readonly cpu: number;
}

/** Bytes that sampling `batch` images at a time takes, weights included. */
export function samplingBytes(config: RinConfig, batch: number): DeviceBytes {
  return bytesOf(samplingPlan(config, batch, "f32"));
}

/** The same on a GPU that keeps weights in half precision, and activations as `precision` says. */
export function halfSamplingBytes(
  config: RinConfig,
  batch: number,
  precision: FloatType,
): number | null {
  return gpuBytes(samplingPlan(config, batch, "f16", precision));
}

/** Bytes that training takes, optimizer included; on the CPU in f32 always. */
export function trainingBytes(config: RinConfig, options: TrainOptions): DeviceBytes {
  const layout = parameterLayout(config);
  const planOf = (precision: FloatType) =>
    recordStep(config, { ...options, precision }, layout, trainSlabs(layout, options)).plan;
  const full = bytesOf(planOf("f32"));
  return options.precision === "f32" ? full : { ...full, gpu: gpuBytes(planOf("f16")) };
}

function bytesOf(plan: Plan<string>): DeviceBytes {
  return { gpu: gpuBytes(plan), cpu: cpuBytes(plan, defaultThreads()) };
}

function gpuBytes(plan: Plan<string>): number | null {
  try {
    return webgpuBytes(plan);
  } catch (error) {
    if (error instanceof DeviceLimitError) return null;
    throw error;
  }
}

function samplingPlan(
  config: RinConfig,
  batch: number,
  type: FloatType,
  precision?: FloatType,
): Plan<string> {
  const layout = parameterLayout(config, type);
  const weights = new Weights(layout, slab("parameters", layout));
  return recordSampling(config, weights, batch, undefined, precision).plan;
}

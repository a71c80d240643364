/**
 * What a RIN costs at a size, counted from its plans, without a device.
 *
 * @module
 */
import { place } from "../../src/device/pool.ts";
import { lower } from "../../src/device/webgpu/lowering.ts";
import { recordSampling } from "../../src/diffusion/inference.ts";
import type { Plan } from "../../src/graph/plan.ts";
import { completeConfig, type RinConfig } from "../../src/model/config.ts";
import { forwardFlops } from "../../src/model/flops.ts";
import { parameterLayout } from "../../src/model/parameters.ts";
import { slab, Weights } from "../../src/model/weights.ts";
import { completeTrainOptions } from "../../src/train/options.ts";
import { recordStep, trainSlabs } from "../../src/train/step_plan.ts";

/** Sides of the pictures, pixels. */
export const SIZES: readonly number[] = [32, 64, 128, 256, 512, 1024];

/** Costs of one picture. */
export interface Costs {
  /** FLOPs of a pass. */
  readonly flops: number;
  /** Bytes of activations of a training step. */
  readonly training: number;
  /** The same with gradient checkpointing. */
  readonly checkpointed: number;
  /** Bytes of activations of a sampling step. */
  readonly sampling: number;
}

/** A network's costs at another size. */
export function costsAt(network: Partial<RinConfig>, imageSize: number): Costs {
  const config = completeConfig({ ...network, imageSize });
  const layout = parameterLayout(config);
  const training = (checkpointBlocks: "on" | "off") => {
    const options = completeTrainOptions({ batchSize: 1, checkpointBlocks });
    return activationBytes(recordStep(config, options, layout, trainSlabs(layout, options)).plan);
  };
  const weights = new Weights(layout, slab("parameters", layout));
  return {
    flops: forwardFlops(config),
    training: training("off"),
    checkpointed: training("on"),
    sampling: activationBytes(recordSampling(config, weights, 1).plan),
  };
}

/** Bytes that a GPU's activations take after pooling. */
function activationBytes(plan: Plan<string>): number {
  return place(lower(plan)).bytes.reduce((a, b) => a + b, 0);
}

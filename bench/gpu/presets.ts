/**
 * What presets take on a GPU: steps of training and of sampling, and their attention.
 *
 * @module
 */
import { resolveSettings } from "../../cli/options/resolve.ts";
import type { OperationProfile } from "../../src/device/device.ts";
import type { Gpu } from "../../src/device/webgpu/gpu.ts";
import { Rin } from "../../src/diffusion/rin.ts";
import type { AttentionSizes, FloatType } from "../../src/graph/ops.ts";
import type { Operation } from "../../src/graph/plan.ts";
import type { RinConfig } from "../../src/model/config.ts";
import { writeCheckpoint } from "../../src/model/checkpoint.ts";
import { exampleSize } from "../../src/model/example.ts";
import { forwardFlops } from "../../src/model/flops.ts";
import { initialize } from "../../src/model/initialize.ts";
import { parameterLayout } from "../../src/model/parameters.ts";
import type { TrainOptions } from "../../src/train/options.ts";
import { recordStep, trainSlabs } from "../../src/train/step_plan.ts";
import { Trainer } from "../../src/train/trainer.ts";
import { type Effort, perOne, rounded } from "./timing.ts";

/** A preset's training step; of a batch in parts, one part with its update. */
export interface TrainingTime {
  readonly preset: string;
  readonly batch: number;
  /** f32 if absent. */
  readonly precision?: FloatType;
  readonly milliseconds: number;
  readonly imagesPerSecond: number;
  readonly tflops: number;
  /** Of a step, by timestamps where the adapter has them; the longest first. */
  readonly kernels: readonly OperationProfile[];
}

/** Sampling steps of a preset's fresh network. */
export interface SamplingTime {
  readonly preset: string;
  /** Of weights and activations; absent in older files. */
  readonly precision?: FloatType;
  /** Of the weights alone, in older files. */
  readonly weights?: FloatType;
  readonly batch: number;
  /** Of one step of the batch. */
  readonly milliseconds: number;
  /** In 100 steps. */
  readonly imagesPerSecond: number;
  readonly tflops: number;
}

/** A preset's network, and its training without parts. */
export interface Settings {
  readonly preset: string;
  readonly network: RinConfig;
  readonly training: TrainOptions;
}

/** Those of a preset, the batch as large as one of its parts if not given. */
export function settingsOf(preset: string, batch?: number): Settings {
  const { settings: { network, training } } = resolveSettings(preset, {}, {});
  const batchSize = batch ?? training.batchSize / training.accumulate;
  return { preset, network, training: { ...training, batchSize, accumulate: 1 } };
}

/** The attention of a training step, each of its sizes once, forward and backward. */
export function attentionOf(
  { network, training }: Settings,
): Operation<"attention" | "attentionGradient">[] {
  const layout = parameterLayout(network);
  const { plan } = recordStep(network, training, layout, trainSlabs(layout, training));
  const all = plan.operations.filter((operation) => operation.name.startsWith("attention"));
  const once = new Map(all.map((operation) => [
    operation.name + JSON.stringify(operation.sizes),
    operation as Operation<"attention" | "attentionGradient">,
  ]));
  return [...once.values()];
}

/** "batch 16, 8 heads of 64, 128 queries, 1024 keys". */
export function attentionName({ batch, heads, d, queries, keys }: AttentionSizes): string {
  return `batch ${batch}, ${heads} heads of ${d}, ${queries} queries, ${keys} keys`;
}

/** Times a training step in a precision. */
export async function timeTraining(
  gpu: Gpu,
  { preset, network, training }: Settings,
  precision: FloatType,
  effort: Effort,
): Promise<TrainingTime> {
  const { batchSize: batch } = training;
  const trainer = await Trainer.create(gpu, network, { ...training, precision });
  try {
    const images = new Float32Array(batch * exampleSize(network)).fill(0.5);
    const labels = network.numClasses > 0 ? Array<number>(batch).fill(1) : undefined;
    const ms = await perOne(gpu, effort, async (count) => {
      for (let i = 0; i < count; i++) {
        await trainer.enqueue(images, { labels });
        if (i % 256 === 255) await trainer.metrics();
      }
      if ((await trainer.metrics()).some(({ finite }) => !finite)) {
        throw new Error(`A step of ${preset} is not finite`);
      }
    });
    const kernels = await trainer.profile();
    const flops = kernels.reduce((sum, kernel) => sum + kernel.flops, 0);
    return {
      ...{
        preset,
        batch,
        precision,
        milliseconds: rounded(ms),
        imagesPerSecond: rounded(1000 * batch / ms),
      },
      ...{ tflops: rounded(flops / 1e9 / ms), kernels },
    };
  } finally {
    trainer.destroy();
  }
}

const STEPS = 100;

/** Times sampling in a precision. */
export async function timeSampling(
  gpu: Gpu,
  { preset, network }: Settings,
  precision: FloatType,
  batch: number,
  effort: Effort,
): Promise<SamplingTime> {
  const slabs = { parameters: initialize(parameterLayout(network), 0) };
  const rin = await Rin.load(gpu, writeCheckpoint({ config: network, slabs }), { precision });
  try {
    const ms = await perOne(
      gpu,
      effort,
      async (steps) => void await rin.sample({ count: batch, sampler: "ddim", steps }),
    );
    return {
      ...{ preset, precision, batch, milliseconds: rounded(ms) },
      imagesPerSecond: rounded(1000 * batch / (STEPS * ms)),
      tflops: rounded(batch * forwardFlops(network) / 1e9 / ms),
    };
  } finally {
    rin.destroy();
  }
}

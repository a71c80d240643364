// What a step makes of its gradients: clipping, the optimizer, the learning rate and the moving average
// as a run has them, over three steps against the float64 references.

import { assert, assertLess } from "@std/assert";
import { lossAndGradients } from "../../src/diffusion/loss.ts";
import { Rin } from "../../src/diffusion/rin.ts";
import type { Device } from "../../src/device/device.ts";
import { readCheckpoint, writeCheckpoint } from "../../src/model/checkpoint.ts";
import type { RinConfig } from "../../src/model/config.ts";
import { parameterLayout } from "../../src/model/parameters.ts";
import { RandomStream, seedFor } from "../../src/nn/random.ts";
import type { TrainOptions } from "../../src/train/options.ts";
import { drawStep } from "../../src/train/step_inputs.ts";
import { Trainer } from "../../src/train/trainer.ts";
import { assertWithin } from "../helpers/close.ts";
import { deviceTest } from "../helpers/devices.ts";
import { adamwStep, clipCoefficient, emaUpdate, globalNorm, lambStep } from "../reference/optim.ts";

const config: Partial<RinConfig> = {
  ...{ imageSize: 8, patchSize: 4, latentDim: 16, interfaceDim: 12 },
  ...{ numLatents: 4, numBlocks: 1, numHeads: 2 },
};
const LENGTH = 3 * 8 * 8;
const BATCH = 2;
const OPTIONS = {
  ...{ batchSize: BATCH, steps: 10, seed: 3, selfCondRate: 0, clip: 0.4 },
  ...{ lr: 0.02, lrSchedule: "cosine", lrEnd: 0.004, warmup: 2 },
  // Large enough that no step is made of the rounding of a gradient near zero.
  ...{ beta1: 0.8, beta2: 0.95, epsilon: 1e-3, weightDecay: 0.1, emaDecay: 0.9 },
} satisfies Partial<TrainOptions>;
/** Half, all of it, and an eighth of the way along the cosine. */
const RATES = [0.01, 0.02, 0.004 + 0.016 * 0.5 * (1 + Math.cos(0))];
const AVERAGES = [1 / 10, 2 / 11, 3 / 12];

/** The gradients that a step of the trainer will find, made from its parameters and draws alone. */
async function gradientsOf(
  gpu: Device,
  trainer: Trainer,
  parameters: Float32Array<ArrayBuffer>,
  x0: Float32Array<ArrayBuffer>,
): Promise<Record<string, Float32Array>> {
  const step = trainer.stepsDone;
  const bytes = writeCheckpoint({ config: trainer.config, slabs: { parameters } });
  const rin = await Rin.load(gpu, bytes);
  const t = new Float32Array(drawStep(trainer.options, step).t);
  const noise = Float32Array.from({ length: BATCH * LENGTH }, (_, i) => {
    const example = Math.floor(i / LENGTH);
    const stream = new RandomStream(seedFor(OPTIONS.seed, "noise"), step * BATCH + example);
    return stream.normal(i % LENGTH);
  });
  const { gradients } = await lossAndGradients(rin, { x0, noise, t });
  rin.destroy();
  return gradients;
}

for (const optimizer of ["adamw", "lamb"] as const) {
  deviceTest(`Trainer.step() follows ${optimizer}'s reference for three steps`, async (gpu) => {
    const trainer = await Trainer.create(gpu, config, { ...OPTIONS, optimizer });
    const layout = parameterLayout(trainer.config);
    const read = async () => readCheckpoint(await trainer.save()).slabs;
    const start = (await read()).parameters;
    const references = layout.parameters.map(({ offset, size, shape, name }) => ({
      ...{ name, offset, size },
      ...{ matrix: offset < layout.matrices, adapted: shape.length > 1 },
      parameters: Float64Array.from(start.subarray(offset, offset + size)),
      average: Float64Array.from(start.subarray(offset, offset + size)),
      ...{ first: new Float64Array(size), second: new Float64Array(size) },
    }));
    for (let step = 0; step < 3; step++) {
      const x0 = Float32Array.from({ length: BATCH * LENGTH }, (_, i) => Math.sin(i * 0.37 + step));
      const found = await gradientsOf(gpu, trainer, (await read()).parameters, x0);
      const gradients = references.map(({ name }) => Float64Array.from(found[name]));
      const norm = globalNorm(gradients);
      const factor = clipCoefficient(norm, OPTIONS.clip);
      assertLess(factor, 1, "clipping counts");
      const figures = await trainer.step(x0);
      assertWithin(`norm ${step}`, [figures.gradientNorm], [norm], 1e-5 * norm);
      assertWithin("lr", [figures.lr], [RATES[step]], 1e-9);
      const slabs = await read();
      for (const [i, reference] of references.entries()) {
        const options = { ...OPTIONS, eps: OPTIONS.epsilon, step: step + 1, lr: RATES[step] };
        const gradient = gradients[i].map((value) => value * factor);
        const { parameters, first, second, average, offset, size } = reference;
        const before = parameters.slice();
        if (optimizer === "lamb") {
          lambStep(parameters, gradient, first, second, { ...options, adapted: reference.adapted });
        } else {
          const weightDecay = reference.matrix ? options.weightDecay : 0;
          adamwStep(parameters, gradient, first, second, { ...options, weightDecay });
        }
        emaUpdate(average, parameters, AVERAGES[step]);
        const moved = parameters.some((value, i) => Math.abs(value - before[i]) > 1e-5);
        assert(
          moved || gradient.every((value) => Math.abs(value) < 1e-5),
          `${reference.name} moves`,
        );
        const part = (slab: Float32Array) => slab.subarray(offset, offset + size);
        const what = `${reference.name} after step ${step + 1}`;
        assertWithin(what, part(slabs.parameters), parameters, 2e-5);
        assertWithin(`average of ${what}`, part(slabs.ema!), average, 2e-5);
      }
    }
    trainer.destroy();
  });
}

// A training step put together from its parts: the draws, noising, the self-conditioning pass.

import { assert } from "@std/assert";
import { parseSchedule } from "../../src/diffusion/schedule.ts";
import { lossAndGradients } from "../../src/diffusion/loss.ts";
import { Rin } from "../../src/diffusion/rin.ts";
import { readCheckpoint, writeCheckpoint } from "../../src/model/checkpoint.ts";
import { RandomStream, seedFor } from "../../src/nn/random.ts";
import { drawStep } from "../../src/train/step_inputs.ts";
import { Trainer } from "../../src/train/trainer.ts";
import { deviceTest } from "../helpers/devices.ts";

const config = {
  imageSize: 16,
  patchSize: 4,
  latentDim: 16,
  interfaceDim: 24,
  numLatents: 6,
  numBlocks: 1,
  numHeads: 2,
} as const;
const LENGTH = 3 * 16 * 16;

for (const selfConditioning of ["latents", "both"] as const) {
  deviceTest(
    `Trainer.step() starts ${selfConditioning} where a pass from the same x_t ended`,
    async (gpu) => {
      const options = { batchSize: 2, selfCondRate: 1, lr: 0.05, warmup: 0, seed: 3 };
      const trainer = await Trainer.create(gpu, { ...config, selfConditioning }, options);
      const images = Float32Array.from({ length: 2 * LENGTH }, (_, i) => Math.sin(i * 0.37));
      // The warm start begins as zero, so it takes some steps until it counts.
      for (let i = 0; i < 12; i++) await trainer.step(images);
      const { slabs: { parameters } } = readCheckpoint(await trainer.save());
      const rin = await Rin.load(
        gpu,
        writeCheckpoint({ config: trainer.config, slabs: { parameters } }),
      );

      const step = trainer.stepsDone;
      const t = new Float32Array(drawStep(trainer.options, step).t);
      const streams = [0, 1].map((i) => new RandomStream(seedFor(3, "noise"), step * 2 + i));
      const noise = Float32Array.from(
        { length: 2 * LENGTH },
        (_, i) => streams[Math.floor(i / LENGTH)].normal(i % LENGTH),
      );
      const gammas = Array.from(t, parseSchedule(trainer.config.schedule));
      const xt = images.map((value, i) => {
        const gamma = gammas[Math.floor(i / LENGTH)];
        return Math.sqrt(gamma) * value + Math.sqrt(1 - gamma) * noise[i];
      });
      const previous = await rin.predict(xt, t);
      const example = { x0: images, noise, t };
      const warm = (await lossAndGradients(rin, { ...example, previous })).loss;
      const cold = (await lossAndGradients(rin, example)).loss;
      const { loss } = await trainer.step(images);
      rin.destroy();
      trainer.destroy();

      const difference = Math.abs(loss - warm);
      assert(difference < 2e-6 * warm, `the step's loss is ${loss}, of its parts ${warm}`);
      assert(Math.abs(warm - cold) > 1e-3 * warm, `Z_prev hardly matters here: ${warm}, ${cold}`);
    },
  );
}

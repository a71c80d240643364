// The validation loss put together from its parts: the average's weights, fixed times and noise, and a
// pass that begins where one from the same x_t ended.

import { assert, assertEquals } from "@std/assert";
import { lossAndGradients } from "../../src/diffusion/loss.ts";
import { Rin } from "../../src/diffusion/rin.ts";
import { parseSchedule } from "../../src/diffusion/schedule.ts";
import { readCheckpoint, writeCheckpoint } from "../../src/model/checkpoint.ts";
import { RandomStream, seedFor } from "../../src/nn/random.ts";
import { Trainer } from "../../src/train/trainer.ts";
import { assertWithin } from "../helpers/close.ts";
import { cpuTest, deviceTest } from "../helpers/devices.ts";

const network = {
  ...{ imageSize: 8, patchSize: 4, latentDim: 16, interfaceDim: 12 },
  ...{ numLatents: 4, numBlocks: 1, numHeads: 2 },
} as const;
const LENGTH = 3 * 8 * 8;
const TIMES = 16;

for (const selfConditioning of ["latents", "interface"] as const) {
  const test = selfConditioning === "latents" ? deviceTest : cpuTest;
  test(
    `Trainer.validate() passes the ${selfConditioning} on, with the average's weights`,
    async (gpu) => {
      const options = { batchSize: 2, selfCondRate: 0.5, lr: 0.05, warmup: 0, seed: 3 };
      const config = { ...network, selfConditioning };
      const trainer = await Trainer.create(gpu, config, options);
      const x0 = Float32Array.from({ length: 2 * LENGTH }, (_, i) => Math.sin(i * 0.37));
      // The warm start begins as zero, so it takes some steps until it counts.
      for (let i = 0; i < 12; i++) await trainer.step(x0);
      const { slabs } = readCheckpoint(await trainer.save());
      const bytes = writeCheckpoint({ config: trainer.config, slabs: { parameters: slabs.ema! } });
      const rin = await Rin.load(gpu, bytes);
      const schedule = parseSchedule(trainer.config.schedule);
      let [warm, cold] = [0, 0];
      for (let k = 0; k < TIMES; k++) {
        const t = new Float32Array(2).fill((k + 0.5) / TIMES);
        const gamma = schedule((k + 0.5) / TIMES);
        const streams = [0, 1].map((i) =>
          new RandomStream(seedFor(options.seed, "validate"), i * TIMES + k)
        );
        const noise = Float32Array.from(
          x0,
          (_, i) => streams[Math.floor(i / LENGTH)].normal(i % LENGTH),
        );
        const xt = x0.map((value, i) => Math.sqrt(gamma) * value + Math.sqrt(1 - gamma) * noise[i]);
        const previous = await rin.predict(xt, t);
        warm += (await lossAndGradients(rin, { x0, noise, t, previous })).loss / TIMES;
        cold += (await lossAndGradients(rin, { x0, noise, t })).loss / TIMES;
      }
      rin.destroy();
      assert(
        Math.abs(warm - cold) > 1e-4 * warm,
        `what is passed on hardly matters: ${warm}, ${cold}`,
      );
      const found = await trainer.validate([x0]);
      assertWithin("validation", [found], [warm], 3e-6 * warm);
      // However the images come.
      const apart = [x0.slice(0, LENGTH), x0.slice(LENGTH)];
      assertWithin("one by one", [await trainer.validate(apart)], [found], 1e-6 * warm);
      assertEquals(await trainer.validate([x0], "ema"), found);
      assert(await trainer.validate([x0], "parameters") !== found);
      trainer.destroy();
    },
  );
}

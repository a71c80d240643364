// A training step whose examples are weighted, scaled and noised as the recipe says.

import { assert, assertEquals } from "@std/assert";
import { lossAndGradients } from "../../src/diffusion/loss.ts";
import { lossWeight } from "../../src/diffusion/loss_weight.ts";
import { parseSchedule } from "../../src/diffusion/schedule.ts";
import { Rin } from "../../src/diffusion/rin.ts";
import { readCheckpoint, writeCheckpoint } from "../../src/model/checkpoint.ts";
import { RandomStream, seedFor } from "../../src/nn/random.ts";
import { completeConfig } from "../../src/model/config.ts";
import { parameterLayout } from "../../src/model/parameters.ts";
import { completeTrainOptions, type TrainOptions } from "../../src/train/options.ts";
import { updateChunks } from "../../src/train/update_plan.ts";
import { drawStep } from "../../src/train/step_inputs.ts";
import { Trainer } from "../../src/train/trainer.ts";
import { assertWithin } from "../helpers/close.ts";
import { cpuTest, deviceTest } from "../helpers/devices.ts";

const config = {
  imageSize: 8,
  patchSize: 4,
  latentDim: 16,
  interfaceDim: 12,
  numLatents: 4,
  numBlocks: 1,
  numHeads: 2,
  prediction: "x0",
  inputScale: 0.6,
  normalizeInput: true,
} as const;
const LENGTH = 3 * 8 * 8;
const images = Float32Array.from({ length: 3 * LENGTH }, (_, i) => Math.sin(i * 0.37));
const options: Partial<TrainOptions> = { batchSize: 3, selfCondRate: 0, warmup: 0, seed: 5 };

const RECIPES: readonly Partial<TrainOptions>[] = [
  { lossSpace: "eps" },
  { minSnr: 2 },
  { lossSpace: "v", offsetNoise: 0.5 },
];

deviceTest(
  "Trainer.step() gives the weighted loss of its parts, with offset noise",
  async (gpu) => {
    const losses = new Set<number>();
    for (const recipe of RECIPES) {
      const trainer = await Trainer.create(gpu, config, { ...options, ...recipe });
      await trainer.step(images);
      const { slabs: { parameters } } = readCheckpoint(await trainer.save());
      const slabs = { parameters };
      const rin = await Rin.load(gpu, writeCheckpoint({ config: trainer.config, slabs }));
      const t = new Float32Array(drawStep(trainer.options, 1).t);
      const shifts = new RandomStream(seedFor(5, "offset noise"), 1);
      const noise = Float32Array.from({ length: 3 * LENGTH }, (_, i) => {
        const example = Math.floor(i / LENGTH);
        const stream = new RandomStream(seedFor(5, "noise"), 3 + example);
        const shift = (recipe.offsetNoise ?? 0) * shifts.normal(Math.floor(i / 64));
        return stream.normal(i % LENGTH) + shift;
      });
      const schedule = parseSchedule(trainer.config.schedule);
      const weights = Array.from(
        t,
        (time) => lossWeight(trainer.options, "x0", schedule(time), 0.6),
      );
      const given = Float32Array.from(weights);
      const wanted =
        (await lossAndGradients(rin, { x0: images, noise, t, lossWeight: given })).loss;
      const { loss } = await trainer.step(images);
      assertWithin(JSON.stringify(recipe), [loss], [wanted], 3e-6 * wanted);
      losses.add(loss);
      rin.destroy();
      trainer.destroy();
    }
    assertEquals(losses.size, RECIPES.length);
  },
);

deviceTest("Trainer.step() multiplies a weighted example's gradient by its weight", async (gpu) => {
  const rin = await Rin.create(gpu, config, { seed: 3 });
  const t = Float32Array.of(0.3, 0.6, 0.9);
  const noise = Float32Array.from({ length: 3 * LENGTH }, (_, i) => Math.cos(i * 1.7));
  const of = (...lossWeight: number[]) =>
    lossAndGradients(rin, { x0: images, noise, t, lossWeight: Float32Array.from(lossWeight) });
  const alone = [await of(1, 0, 0), await of(0, 1, 0), await of(0, 0, 1)];
  const together = await of(0.5, 3, 20);
  const sum = (pick: (one: typeof together) => number) =>
    0.5 * pick(alone[0]) + 3 * pick(alone[1]) + 20 * pick(alone[2]);
  assertWithin("loss", [together.loss], [sum(({ loss }) => loss)], 1e-5 * together.loss);
  for (const [name, values] of Object.entries(together.gradients)) {
    const wanted = values.map((_, i) => sum(({ gradients }) => gradients[name][i]));
    assertWithin(name, values, wanted, 1e-5 * Math.max(1, ...wanted.map(Math.abs)));
  }
  rin.destroy();
});

deviceTest("Trainer.validate() gives the mean plain error, whatever is trained", async (gpu) => {
  const found: number[] = [];
  const image = images.slice(0, LENGTH);
  for (const recipe of [{}, ...RECIPES]) {
    const trainer = await Trainer.create(gpu, config, { ...options, ...recipe });
    found.push(await trainer.validate([image]));
    trainer.destroy();
  }
  assertEquals(new Set(found).size, 1);
  // The 16 times and their noise, as one batch.
  const rin = await Rin.create(gpu, config, { seed: 5 });
  const streams = Array.from({ length: 16 }, (_, i) => new RandomStream(seedFor(5, "validate"), i));
  const { loss } = await lossAndGradients(rin, {
    x0: Float32Array.from({ length: 16 * LENGTH }, (_, i) => image[i % LENGTH]),
    noise: Float32Array.from(
      streams.flatMap((stream) => Array.from(image, (_, i) => stream.normal(i))),
    ),
    t: Float32Array.from(streams, (_, i) => (i + 0.5) / 16),
  });
  rin.destroy();
  assertWithin("validation", [found[0]], [loss], 1e-6 * loss);
});

deviceTest("Trainer.step() leaves the gradient as it is with a clip of 0", async (gpu) => {
  const after = async (clip: number) => {
    const trainer = await Trainer.create(gpu, config, { ...options, clip });
    await trainer.step(images);
    const { slabs } = readCheckpoint(await trainer.save());
    trainer.destroy();
    return slabs.adam_m!;
  };
  const [free, open, tight] = [await after(0), await after(1e30), await after(1e-3)];
  assertEquals(free, open);
  assert(free.some((value, i) => Math.abs(value) > 10 * Math.abs(tight[i])));
});

Deno.test("updateChunks() of LAMB decay and scale all but biases and norms, or everything", () => {
  const layout = parameterLayout(completeConfig(config));
  for (const decayAll of [false, true]) {
    const chunks = updateChunks(completeTrainOptions({ optimizer: "lamb", decayAll }), layout)!;
    const adapted = new Set<number>();
    for (let i = 0; i < chunks.length; i += 4) if (chunks[i + 3] === 1) adapted.add(chunks[i]);
    for (const { name, offset } of layout.parameters) {
      const plain = offset >= layout.matrices && !/pos_embed|Z_init/.test(name);
      assertEquals(adapted.has(offset), decayAll || !plain, name);
    }
  }
  assertEquals(updateChunks(completeTrainOptions({}), layout), undefined);
});

cpuTest("Trainer.resume() keeps a plateau's learning rate", async (gpu) => {
  const plateau = { lrSchedule: "plateau", lr: 0.1, lrEnd: 0.04, plateauPatience: 0 } as const;
  const trainer = await Trainer.create(gpu, config, { ...options, ...plateau });
  const rates: number[] = [];
  for (const loss of [3, 3]) {
    rates.push((await trainer.step(images)).lr);
    trainer.observe(loss);
  }
  const resumed = await Trainer.resume(gpu, await trainer.save());
  trainer.destroy();
  rates.push((await resumed.step(images)).lr);
  resumed.observe(2.9);
  rates.push((await resumed.step(images)).lr);
  for (let i = 0; i < 3; i++) resumed.observe(NaN);
  rates.push((await resumed.step(images)).lr);
  resumed.destroy();
  assertEquals(rates, [0.1, 0.1, 0.05, 0.05, 0.04]);
});

deviceTest("Rin.predict() shows a scaled network what it was trained on", async (gpu) => {
  const t = Float32Array.of(0.5);
  const xt = images.slice(0, LENGTH);
  const made = { ...config, prediction: "eps" as const };
  const rin = await Rin.create(gpu, made, { seed: 3 });
  const plain = await Rin.create(gpu, { ...made, normalizeInput: false }, { seed: 3 });
  const gamma = parseSchedule(rin.config.schedule)(0.5);
  const factor = 1 / Math.sqrt(0.36 * gamma + 1 - gamma);
  const { output } = await rin.predict(xt, t);
  const wanted = await plain.predict(xt.map((value) => factor * value), t);
  assertWithin("prediction", output, wanted.output, 1e-6);
  assert(output.some((value) => Math.abs(value) > 0.01));
  rin.destroy();
  plain.destroy();
});

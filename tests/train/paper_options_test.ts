// Training with the paper's options: classes, the interface passed on, dropout; seeded and resumed.

import type { OpName, SizesOf } from "../../src/graph/ops.ts";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { drawStep, exampleInputs } from "../../src/train/step_inputs.ts";
import { completeTrainOptions } from "../../src/train/options.ts";
import { Trainer } from "../../src/train/trainer.ts";
import { completeConfig, type RinConfig } from "../../src/model/config.ts";
import { parameterLayout } from "../../src/model/parameters.ts";
import { recordStep, trainSlabs } from "../../src/train/step_plan.ts";
import { readCheckpoint } from "../../src/model/checkpoint.ts";
import { assertSameBits, data } from "../helpers/close.ts";
import { cpuTest, deviceTest } from "../helpers/devices.ts";

const CONFIG: Partial<RinConfig> = {
  ...{ imageSize: 8, patchSize: 4, latentDim: 16, interfaceDim: 24, numLatents: 6, numHeads: 2 },
  ...{ timeConditioning: "token", numClasses: 3, selfConditioning: "both", positions: "sincos" },
};
const OPTIONS = {
  ...{ batchSize: 4, lr: 0.01, warmup: 0, seed: 3, labelDropout: 0.3 },
  ...{ dropout: 0.2, dropPath: 0.2 },
};
const LENGTH = 4 * 3 * 64;
const LABELS = [0, 2, -1, 1];
const batch = (i: number) => Float32Array.from(data(LENGTH, 700 + i));

const PAPER: Partial<RinConfig> = {
  ...{ ...CONFIG, layers: "paper", timeInput: "gamma", positions: "stretched" },
};

deviceTest("Trainer.resume() continues with identical bits, whatever drops", async (gpu) => {
  const start = gpu.bytes;
  const through = await Trainer.create(gpu, CONFIG, OPTIONS);
  for (let i = 0; i < 4; i++) await through.step(batch(i), LABELS);
  const first = await Trainer.create(gpu, CONFIG, OPTIONS);
  for (let i = 0; i < 2; i++) await first.step(batch(i), LABELS);
  const resumed = await Trainer.resume(gpu, await first.save());
  assertEquals(resumed.config, through.config);
  for (let i = 2; i < 4; i++) await resumed.step(batch(i), LABELS);
  const parameters = async (trainer: Trainer) =>
    readCheckpoint(await trainer.save()).slabs.parameters;
  assertSameBits("parameters", await parameters(resumed), await parameters(through));
  for (const trainer of [through, first, resumed]) trainer.destroy();
  assertEquals(gpu.bytes, start);
});

for (const optimizer of ["lamb", "adamw"] as const) {
  cpuTest(
    `Trainer.step() trains the paper's layers, from a warm start or zeros, with ${optimizer}`,
    async (cpu) => {
      const options = {
        ...OPTIONS,
        optimizer,
        dropout: 0,
        dropPath: 0,
        clip: 0,
        selfCondRate: 0.5,
      };
      const run = () => Trainer.create(cpu, PAPER, options);
      const [through, half] = [await run(), await run()];
      const losses: number[] = [];
      for (let i = 0; i < 200; i++) losses.push((await through.step(batch(0), LABELS)).loss);
      const mean = (from: number) => losses.slice(from, from + 40).reduce((a, b) => a + b) / 40;
      assert(mean(160) < mean(0) / 2, `${mean(0)} to ${mean(160)}`);
      for (let i = 0; i < 100; i++) await half.step(batch(0), LABELS);
      const resumed = await Trainer.resume(cpu, await half.save());
      for (let i = 100; i < 200; i++) await resumed.step(batch(0), LABELS);
      const parameters = async (trainer: Trainer) =>
        readCheckpoint(await trainer.save()).slabs.parameters;
      assertSameBits("parameters", await parameters(resumed), await parameters(through));
      for (const trainer of [through, half, resumed]) trainer.destroy();
    },
  );
}

deviceTest("Trainer.step() trains the paper's layers on every device", async (device) => {
  const trainer = await Trainer.create(device, PAPER, { ...OPTIONS, optimizer: "lamb" });
  for (let i = 0; i < 2; i++) {
    const { finite, gradientNorm } = await trainer.step(batch(0), LABELS);
    assert(finite && gradientNorm > 0);
  }
  trainer.destroy();
});

deviceTest("Trainer.step() drops in parts what the whole batch drops", async (gpu) => {
  const losses = await Promise.all([1, 2, 4].map(async (accumulate) => {
    const trainer = await Trainer.create(gpu, CONFIG, { ...OPTIONS, accumulate });
    const { loss } = await trainer.step(batch(0), LABELS);
    trainer.destroy();
    return loss;
  }));
  for (const loss of losses) {
    assert(Math.abs(loss / losses[0] - 1) < 1e-5, `${losses}`);
  }
});

cpuTest("Trainer.validate() never drops, and keeps classes apart", async (gpu) => {
  const dropping = await Trainer.create(gpu, CONFIG, OPTIONS);
  const keeping = await Trainer.create(gpu, CONFIG, { ...OPTIONS, dropout: 0, dropPath: 0 });
  const images = batch(9);
  const loss = await dropping.validate([{ images, labels: LABELS }]);
  assertEquals(loss, await keeping.validate([{ images, labels: LABELS }]));
  assert(loss !== await dropping.validate([images]), "without classes it is another");
  for (const trainer of [dropping, keeping]) trainer.destroy();
});

cpuTest("Trainer.step() refuses missing or impossible labels", async (gpu) => {
  const trainer = await Trainer.create(gpu, CONFIG, OPTIONS);
  await assertRejects(() => trainer.step(batch(0)), RangeError, "There are no labels");
  await assertRejects(() => trainer.step(batch(0), [0, 1]), RangeError, "There are 2 labels");
  await assertRejects(() => trainer.step(batch(0), [0, 1, 2, 3]), RangeError, "A label is 3");
  assertEquals(trainer.stepsDone, 0);
  trainer.destroy();
});

Deno.test("drawStep() gives every example and step its own stream, and both passes their own numbers", () => {
  const options = completeTrainOptions(OPTIONS);
  const streams = [0, 1].flatMap((step) => drawStep(options, step).dropped);
  assertEquals(new Set(streams.map(({ keys }) => keys.join())).size, 8);
  const config = completeConfig(CONFIG);
  const layout = parameterLayout(config);
  const { plan } = recordStep(config, options, layout, trainSlabs(layout, options));
  const sizesOf = <N extends OpName>(name: N) =>
    plan.operations.flatMap((operation) =>
      operation.name === name ? [operation.sizes as SizesOf<N>] : []
    );
  // Two compute layers: their units in both passes and the adjoint of the second, two branches each.
  const first = sizesOf("dropout").map(({ first }) => first);
  assertEquals([first.length, new Set(first).size], [6, 4]);
  const depth = sizesOf("stochasticDepth").map(({ index }) => index);
  assertEquals([depth.length, new Set(depth).size], [12, 8]);
});

Deno.test("exampleInputs() gives examples without a class the last row", () => {
  const options = completeTrainOptions({ batchSize: 50, labelDropout: 0.4 });
  const config = completeConfig(CONFIG);
  const given = Array.from({ length: 50 }, (_, i) => i % 3);
  const { unlabelled } = drawStep(options, 7);
  const { labels } = exampleInputs(config, options, 7, given);
  assertEquals([...labels], given.map((label, i) => unlabelled[i] ? 3 : label));
  assert(unlabelled.includes(true) && unlabelled.includes(false));
});

Deno.test("exampleInputs() draws an offset for each channel of an example", () => {
  const options = completeTrainOptions({ batchSize: 4, offsetNoise: 0.1, seed: 3 });
  for (const channels of [1, 3, 4] as const) {
    const config = completeConfig({ channels });
    const inputs = (places?: number[]) =>
      exampleInputs(config, options, 7, undefined, places).offsets;
    const all = inputs();
    assertEquals([all.length, new Set(all).size], [4 * channels, 4 * channels]);
    assertEquals(inputs([2]), all.slice(2 * channels, 3 * channels));
  }
});

Deno.test("exampleInputs() drops classes as often as labelDropout says, by step and seed", () => {
  const options = completeTrainOptions({ batchSize: 1000, labelDropout: 0.2 });
  const share = (step: number, changed = {}) =>
    drawStep({ ...options, ...changed }, step).unlabelled;
  const first = share(0);
  const count = first.filter(Boolean).length;
  assert(Math.abs(count - 200) < 60, `${count}`);
  assertEquals(share(0), first);
  assert(share(1).join() !== first.join() && share(0, { seed: 1 }).join() !== first.join());
  assert(
    !share(0, { labelDropout: 0 }).includes(true) && !share(0, { labelDropout: 1 }).includes(false),
  );
});

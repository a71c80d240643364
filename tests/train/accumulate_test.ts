// A batch in parts is the batch: the same draws, the same loss, the same step.

import { assertEquals, assertLess, assertRejects, assertThrows } from "@std/assert";
import type { Device } from "../../src/device/device.ts";
import { readCheckpoint } from "../../src/model/checkpoint.ts";
import { ConfigError, type RinConfig } from "../../src/model/config.ts";
import { completeTrainOptions, type TrainOptions } from "../../src/train/options.ts";
import { trainingBytes } from "../../cli/training/memory.ts";
import { type StepMetrics, Trainer } from "../../src/train/trainer.ts";
import { assertClose, assertWithin } from "../helpers/close.ts";
import { deviceTest } from "../helpers/devices.ts";

const config: Partial<RinConfig> = {
  imageSize: 8,
  patchSize: 4,
  latentDim: 16,
  interfaceDim: 12,
  numLatents: 4,
  numBlocks: 1,
  numHeads: 2,
  inputScale: 0.7,
  normalizeInput: true,
};
const options: Partial<TrainOptions> = {
  batchSize: 8,
  steps: 20,
  warmup: 0,
  lr: 1e-2,
  seed: 7,
  selfCondRate: 0.5,
  lossSpace: "v",
  offsetNoise: 0.2,
  clip: 0.3,
};
const LENGTH = 8 * 3 * 8 * 8;
const batch = (step: number) =>
  Float32Array.from({ length: LENGTH }, (_, i) => Math.sin(i * 0.37 + step * 1.3));

async function run(gpu: Device, changes: Partial<TrainOptions>) {
  const trainer = await Trainer.create(gpu, config, { ...options, ...changes });
  const figures: StepMetrics[] = [];
  for (let i = 0; i < 3; i++) figures.push(await trainer.step(batch(i)));
  const { slabs } = readCheckpoint(await trainer.save());
  trainer.destroy();
  return { figures, slabs };
}

for (const optimizer of ["adamw", "lamb"] as const) {
  deviceTest(
    `Trainer.step() gives the same with ${optimizer} in 2 parts of 4, 8 of 1, or one of 8`,
    async (gpu) => {
      const whole = await run(gpu, { optimizer });
      for (const accumulate of [2, 8]) {
        const parts = await run(gpu, { optimizer, accumulate });
        for (const [i, { loss, gradientNorm }] of whole.figures.entries()) {
          assertWithin(`loss ${i}`, [parts.figures[i].loss], [loss], 3e-6 * loss);
          const norm = parts.figures[i].gradientNorm;
          assertWithin(`norm ${i}`, [norm], [gradientNorm], 1e-5 * gradientNorm);
        }
        for (const kind of ["parameters", "ema", "adam_m"] as const) {
          const name = `${kind} in ${accumulate} parts`;
          // Adam divides a gradient that is rounding noise by itself: some steps of lr may differ.
          const strays = parts.slabs[kind]!.filter((value, i) =>
            Math.abs(value - whole.slabs[kind]![i]) > 1e-4
          );
          assertLess(strays.length, 0.01 * whole.slabs[kind]!.length, name);
        }
        assertClose("first moment", parts.slabs.adam_m!, whole.slabs.adam_m!, 1e-4);
      }
    },
  );
}

deviceTest("Trainer.step() cuts classes and their dropout into parts, too", async (gpu) => {
  const labels = [0, 2, 1, 1, -1, 0, 2, 2];
  const losses: number[] = [];
  for (const accumulate of [1, 4]) {
    const changes = { ...options, accumulate, labelDropout: 0.4 };
    const trainer = await Trainer.create(gpu, { ...config, numClasses: 3 }, changes);
    for (let i = 0; i < 3; i++) losses.push((await trainer.step(batch(i), labels)).loss);
    trainer.destroy();
  }
  assertWithin("losses", losses.slice(3), losses.slice(0, 3), 3e-6 * losses[0]);
});

deviceTest("Trainer.resume() continues a run in parts with identical bits", async (gpu) => {
  const changes = { ...options, accumulate: 4, optimizer: "lamb" } as const;
  const steps = async (trainer: Trainer, count: number) => {
    for (let i = 0; i < count; i++) await trainer.step(batch(trainer.stepsDone));
    const bytes = await trainer.save();
    trainer.destroy();
    return bytes;
  };
  const whole = await steps(await Trainer.create(gpu, config, changes), 4);
  const half = await steps(await Trainer.create(gpu, config, changes), 2);
  assertEquals(await steps(await Trainer.resume(gpu, half), 2), whole);
});

deviceTest("Trainer.step() skips the whole step if one part is not finite", async (gpu) => {
  for (const optimizer of ["adamw", "lamb"] as const) {
    const trainer = await Trainer.create(gpu, config, { ...options, accumulate: 4, optimizer });
    await trainer.step(batch(0));
    const before = readCheckpoint(await trainer.save()).slabs;
    for (const part of [0, 1, 3]) {
      const bad = batch(1);
      bad[part * LENGTH / 4 + 5] = NaN;
      assertEquals((await trainer.step(bad)).finite, false, `part ${part}`);
    }
    assertEquals(readCheckpoint(await trainer.save()).slabs, before);
    assertEquals((await trainer.step(batch(2))).finite, true);
    trainer.destroy();
  }
});

deviceTest("Trainer takes less memory in parts, and destroy() gives it back", async (gpu) => {
  const bytes = gpu.bytes;
  const held: number[] = [];
  for (const accumulate of [1, 4]) {
    const changes = { ...options, accumulate, optimizer: "lamb" } as const;
    const trainer = await Trainer.create(gpu, { ...config, imageSize: 32 }, changes);
    await trainer.step(new Float32Array(16 * LENGTH));
    held.push(gpu.bytes - bytes);
    if (gpu.backend === "webgpu") {
      assertEquals(held.at(-1), trainingBytes(trainer.config, trainer.options).gpu);
    }
    await assertRejects(() => trainer.enqueue(batch(0)), RangeError, `(8,3,32,32)`);
    trainer.destroy();
    await gpu.idle();
    assertEquals(gpu.bytes, bytes);
  }
  assertLess(held[1], 0.7 * held[0]);
});

Deno.test("completeTrainOptions() refuses unequal parts", () => {
  assertThrows(
    () => completeTrainOptions({ batchSize: 8, accumulate: 3 }),
    ConfigError,
    "accumulate 3 does not divide batchSize 8",
  );
});

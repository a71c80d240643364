import { assert, assertEquals, assertLess, assertRejects } from "@std/assert";
import { requestCpu } from "../../src/device/cpu/request.ts";
import type { Device } from "../../src/device/device.ts";
import { requestGpu } from "../../src/device/webgpu/gpu.ts";
import { readCheckpoint } from "../../src/model/checkpoint.ts";
import type { RinConfig } from "../../src/model/config.ts";
import { parameterLayout } from "../../src/model/parameters.ts";
import { CheckpointError } from "../../src/model/safetensors.ts";
import type { TrainOptions } from "../../src/train/options.ts";
import { HISTORY } from "../../src/graph/ops.ts";
import { Trainer } from "../../src/train/trainer.ts";
import { assertSameBits } from "../helpers/close.ts";
import { cpuTest, deviceTest } from "../helpers/devices.ts";

const config: Partial<RinConfig> = {
  imageSize: 16,
  patchSize: 4,
  latentDim: 24,
  interfaceDim: 16,
  numLatents: 5,
  numBlocks: 2,
  numHeads: 2,
};
const options: Partial<TrainOptions> = { batchSize: 3, steps: 20, warmup: 2, lr: 1e-3, seed: 7 };
const LENGTH = 3 * 3 * 16 * 16;

/** A different batch for each step, the same in each run. */
const batch = (step: number) =>
  Float32Array.from({ length: LENGTH }, (_, i) => Math.sin(i * 0.37 + step * 1.3));

async function train(trainer: Trainer, steps: number): Promise<number[]> {
  const losses: number[] = [];
  for (let i = 0; i < steps; i++) {
    losses.push((await trainer.step(batch(trainer.stepsDone))).loss);
  }
  return losses;
}

async function parametersOf(trainer: Trainer): Promise<Float32Array> {
  return readCheckpoint(await trainer.save()).slabs.parameters;
}

async function withTrainer<T>(
  gpu: Device,
  changes: Partial<TrainOptions>,
  use: (trainer: Trainer) => Promise<T>,
): Promise<T> {
  const trainer = await Trainer.create(gpu, config, { ...options, ...changes });
  try {
    return await use(trainer);
  } finally {
    trainer.destroy();
  }
}

deviceTest(
  "Trainer.step() gives the same bits for the same seed, and others for another",
  async (gpu) => {
    const run = (seed: number) =>
      withTrainer(gpu, { seed }, async (trainer) => {
        const losses = await train(trainer, 4);
        return { losses, bytes: await trainer.save() };
      });
    const [first, second, other] = [await run(7), await run(7), await run(8)];
    assertEquals(first.losses, second.losses);
    assertEquals(first.bytes, second.bytes);
    assert(first.losses[0] !== other.losses[0]);
  },
);

deviceTest("Trainer.resume() continues with identical bits after 3 of 6 steps", async (gpu) => {
  const whole = await withTrainer(gpu, {}, async (trainer) => {
    await train(trainer, 6);
    return await trainer.save();
  });
  const half = await withTrainer(gpu, {}, async (trainer) => {
    await train(trainer, 3);
    return await trainer.save();
  });
  const resumed = await Trainer.resume(gpu, half);
  assertEquals(resumed.stepsDone, 3);
  await train(resumed, 3);
  assertEquals(await resumed.save(), whole);
  resumed.destroy();
});

deviceTest("Trainer.save() records which devices trained it, in order", async (device) => {
  const devicesOf = async (trainer: Trainer) =>
    readCheckpoint(await trainer.save()).training!.devices;
  const saved = await withTrainer(device, {}, async (trainer) => {
    assertEquals(await devicesOf(trainer), []);
    await train(trainer, 2);
    assertEquals(await devicesOf(trainer), [device.provenance]);
    return await trainer.save();
  });
  const cpu = await requestCpu({ threads: 1 });
  const resumed = await Trainer.resume(cpu, saved);
  assertEquals(await devicesOf(resumed), [device.provenance]);
  await train(resumed, 1);
  assertEquals(await devicesOf(resumed), [...new Set([device.provenance, cpu.provenance])]);
  cpu.destroy();
});

deviceTest("Trainer.resume() refuses a network alone", async (gpu) => {
  const bytes = await withTrainer(gpu, {}, (trainer) => trainer.average.save());
  await assertRejects(() => Trainer.resume(gpu, bytes), CheckpointError, "optimizer state");
});

cpuTest("Trainer.step() learns one batch by heart", async (gpu) => {
  const changes = { lr: 3e-3, steps: 300, warmup: 10 };
  const [before, after] = await withTrainer(gpu, changes, async (trainer) => {
    const losses: number[] = [];
    for (let i = 0; i < 150; i++) losses.push((await trainer.step(batch(0))).loss);
    const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
    return [mean(losses.slice(0, 10)), mean(losses.slice(-10))];
  });
  assertLess(after, before / 5);
});

deviceTest(
  "Trainer.step() reaches the six warm-start parameters only with self-conditioning",
  async (gpu) => {
    const names = parameterLayout({ ...config, ...await configOf(gpu) }).parameters
      .filter(({ name }) => /latent_initializer\.(mlp|layer_norm)/.test(name));
    assertEquals(names.length, 6);
    for (const selfCondRate of [0.9, 0]) {
      const moved = await withTrainer(gpu, { selfCondRate, weightDecay: 0 }, async (trainer) => {
        const start = await parametersOf(trainer);
        await train(trainer, 3);
        const end = await parametersOf(trainer);
        return names.filter(({ offset, size }) =>
          start.subarray(offset, offset + size).some((value, i) => value !== end[offset + i])
        );
      });
      assertEquals(moved.length, selfCondRate > 0 ? 6 : 0, `rate ${selfCondRate}`);
    }
  },
);

function configOf(gpu: Device): Promise<RinConfig> {
  return withTrainer(gpu, {}, (trainer) => Promise.resolve(trainer.config));
}

deviceTest(
  "Trainer.step() changes nothing with a batch that is not finite, and reports it",
  async (gpu) => {
    await withTrainer(gpu, {}, async (trainer) => {
      await train(trainer, 2);
      const before = await parametersOf(trainer);
      for (const poison of [NaN, Infinity]) {
        const bad = batch(2);
        bad[5] = poison;
        const figures = await trainer.step(bad);
        assertEquals(figures.finite, false, `${poison}`);
      }
      assertSameBits("parameters", await parametersOf(trainer) as Float32Array, before);
      const { finite } = await trainer.step(batch(3));
      assertEquals(finite, true);
    });
  },
);

cpuTest("Trainer.step() takes no more memory after 100 steps", async (gpu) => {
  await withTrainer(gpu, {}, async (trainer) => {
    await train(trainer, 2);
    const bytes = gpu.bytes;
    for (let i = 0; i < 100; i++) {
      await trainer.enqueue(batch(i), { measure: i % 10 === 0 });
      if (i % 10 === 0) await trainer.metrics();
      // What is on its way counts until it is there.
      if (i % 10 === 0) assertEquals(gpu.bytes, bytes);
    }
  });
});

deviceTest("Trainer.destroy() gives all memory back", async (gpu) => {
  const bytes = gpu.bytes;
  await withTrainer(gpu, {}, async (trainer) => {
    await train(trainer, 1);
    await trainer.validate([batch(0)]);
    await trainer.average.sample({ count: 2, steps: 2 });
  });
  await gpu.idle();
  assertEquals(gpu.bytes, bytes);
});

deviceTest(
  "Trainer.destroy() frees everything at once, and a device can go right after it",
  async () => {
    for (const make of [() => requestCpu({ threads: 1 }), () => requestGpu()]) {
      const device = await make().catch(() => undefined);
      if (!device) continue;
      const trainer = await Trainer.create(device, config, options);
      await trainer.step(batch(0));
      await trainer.validate([batch(0)]);
      await trainer.average.sample({ count: 2, steps: 2 });
      await device.idle();
      trainer.destroy();
      assertEquals(device.bytes, 0);
      const again = await Trainer.create(device, config, options);
      device.destroy();
      again.destroy();
      assertEquals(device.bytes, 0);
    }
  },
  ["cpu"],
);

cpuTest("Trainer.metrics() gives every step once, in order", async (gpu) => {
  await withTrainer(gpu, {}, async (trainer) => {
    for (let i = 0; i < 5; i++) await trainer.enqueue(batch(i));
    assertEquals((await trainer.metrics()).map(({ step }) => step), [1, 2, 3, 4, 5]);
    assertEquals(await trainer.metrics(), []);
    for (let i = 0; i < HISTORY; i++) await trainer.enqueue(batch(0));
    await assertRejects(() => trainer.enqueue(batch(0)), RangeError, "unread");
    assertEquals((await trainer.metrics()).length, HISTORY);
  });
});

deviceTest("Trainer.moments() are those of the batch", async (gpu) => {
  await withTrainer(gpu, {}, async (trainer) => {
    const images = batch(1);
    await trainer.enqueue(images, { measure: true });
    const { x0, noise } = await trainer.moments();
    const norm = Math.sqrt(images.reduce((sum, value) => sum + value ** 2, 0));
    assertLess(Math.abs(x0.norm - norm) / norm, 1e-5);
    assertLess(Math.abs(noise.std - 1), 0.1);
    assertLess(Math.abs(noise.mean), 0.1);
  });
});

deviceTest("Trainer.step() decays only matrices, or all on request", async (gpu) => {
  const { parameters, matrices } = parameterLayout(await configOf(gpu));
  // With no learning signal left over (clip to nothing), decay alone moves a parameter.
  for (const decayAll of [false, true]) {
    const changes = { decayAll, weightDecay: 0.5, lr: 0.1, clip: 1e-9, epsilon: 1, warmup: 0 };
    await withTrainer(gpu, changes, async (trainer) => {
      const start = await parametersOf(trainer);
      await train(trainer, 1);
      const end = await parametersOf(trainer);
      for (const { name, offset } of parameters) {
        if (start[offset] === 0) continue;
        const ratio = end[offset] / start[offset];
        const expected = decayAll || offset < matrices ? 0.95 : 1;
        assertLess(Math.abs(ratio - expected), 1e-4, name);
      }
    });
  }
});

cpuTest(
  "Trainer.validate() gives the same at every call, and falls as the network learns",
  async (gpu) => {
    await withTrainer(gpu, { lr: 3e-3 }, async (trainer) => {
      const [first, again] = [
        await trainer.validate([batch(0)], "parameters"),
        await trainer.validate([batch(0)], "parameters"),
      ];
      assertEquals(first, again);
      for (let i = 0; i < 40; i++) await trainer.step(batch(0));
      assertLess(await trainer.validate([batch(0)], "parameters"), 0.8 * first);
    });
  },
);

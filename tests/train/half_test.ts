// Training in half precision: close to f32's, the same bits after a resume, and the loss scaled as far as
// f16 allows.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { judgeStep } from "../../kernels/wgsl/optimizer.ts";
import { requestCpu } from "../../src/device/cpu/request.ts";
import type { Gpu } from "../../src/device/webgpu/gpu.ts";
import { HISTORY, OPTIMIZER_SCALARS, PARTIALS } from "../../src/graph/ops.ts";
import { readCheckpoint, writeCheckpoint } from "../../src/model/checkpoint.ts";
import type { TrainOptions } from "../../src/train/options.ts";
import { type StepMetrics, Trainer } from "../../src/train/trainer.ts";
import { assertSameBits } from "../helpers/close.ts";
import { gpuTest } from "../helpers/gpu.ts";
import { SMALL } from "../helpers/small_net.ts";
import { runLaunch } from "../kernels/run_launch.ts";

const CONFIG = { ...SMALL, prediction: "x0" } as const;
const OPTIONS: Partial<TrainOptions> = {
  ...{ batchSize: 4, accumulate: 2, warmup: 5, steps: 24, emaDecay: 0.9 },
  ...{ dropout: 0.1, dropPath: 0.1 },
};
const HALF: Partial<TrainOptions> = { ...OPTIONS, precision: "f16" };

/** Smooth pictures of few kinds, so that some steps learn something. */
function batchOf(step: number): Float32Array<ArrayBuffer> {
  const size = 3 * 16 * 16;
  return Float32Array.from({ length: 4 * size }, (_, i) => {
    const kind = (Math.floor(i / size) + step) % 3;
    return 0.8 * Math.sin((i % 16) / 3 + kind) * Math.cos((Math.floor(i / 16) % 16) / 4);
  });
}

async function train(trainer: Trainer, [from, to]: readonly [number, number]) {
  const metrics: StepMetrics[] = [];
  for (let step = from; step < to; step++) metrics.push(await trainer.step(batchOf(step)));
  return metrics;
}

const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;

gpuTest("Trainer learns in f16 what it learns in f32, and resumes to the bit", async (gpu) => {
  const full = await Trainer.create(gpu, CONFIG, OPTIONS);
  const half = await Trainer.create(gpu, CONFIG, HALF);
  const [wanted, found] = [await train(full, [0, 24]), await train(half, [0, 24])];
  assert(found.every(({ finite }) => finite));
  // Nothing of the loss's factor is left in what is reported.
  for (const key of ["loss", "gradientNorm"] as const) {
    const [a, b] = [found[0][key], wanted[0][key]];
    assert(Math.abs(a - b) < 0.01 * b, `the first step's ${key} is ${a}, of f32 ${b}`);
    assert(a !== b, "activations are rounded");
  }
  const last = (metrics: StepMetrics[]) => mean(metrics.slice(-8).map(({ loss }) => loss));
  assert(last(found) < 0.9 * mean(found.slice(0, 4).map(({ loss }) => loss)), "it learns");
  assert(Math.abs(last(found) / last(wanted) - 1) < 0.02, `${last(found)}, f32 ${last(wanted)}`);

  const first = await Trainer.create(gpu, CONFIG, HALF);
  await train(first, [0, 3]);
  const saved = await first.save();
  assertEquals(readCheckpoint(saved).training?.scaling, [65536, 3]);
  const resumed = await Trainer.resume(gpu, saved);
  await train(resumed, [3, 24]);
  const [again, whole] = [await resumed.save(), await half.save()];
  assert(again.length === whole.length && again.every((byte, i) => byte === whole[i]));
  for (const trainer of [full, half, first, resumed]) trainer.destroy();
}, "shader-f16");

gpuTest("Trainer skips a step in which f16 overflows, and halves the factor", async (gpu) => {
  const first = await Trainer.create(gpu, CONFIG, HALF);
  await train(first, [0, 2]);
  const { config, slabs, training } = readCheckpoint(await first.save());
  const bytes = writeCheckpoint({
    config,
    slabs,
    training: { ...training, scaling: [2 ** 24, 7] },
  });
  const trainer = await Trainer.resume(gpu, bytes);
  const huge = batchOf(2).map((value) => 1e4 * value);
  assertEquals((await trainer.step(huge)).finite, false);
  const after = readCheckpoint(await trainer.save());
  assertEquals(after.training?.scaling, [2 ** 23, 0]);
  assertSameBits("parameters", after.slabs.parameters, slabs.parameters);
  assertEquals((await trainer.step(batchOf(3))).step, 4);
  for (const each of [first, trainer]) each.destroy();
}, "shader-f16");

Deno.test("Trainer refuses f16 where the device has none", async () => {
  const cpu = await requestCpu({ threads: 1 });
  await assertRejects(
    () => Trainer.create(cpu, CONFIG, HALF),
    RangeError,
    "Precision f16 needs a GPU with shader-f16",
  );
  assertEquals(cpu.bytes, 0);
  cpu.destroy();
});

/** What a verdict makes of scaled sums: [factor, finite, loss, norm], and the scaling. */
async function judged(gpu: Gpu, scaling: number[], norm: number): Promise<number[][]> {
  const scalars = OPTIMIZER_SCALARS.map((name) => name === "clip" ? 1 : 0);
  const [lossPartial, partial] = [0.5, norm * scaling[0]].map((sum, i) => {
    const sums = new Float32Array(2 * PARTIALS);
    sums[1] = i === 0 ? 8 * sum * scaling[0] : sum * sum;
    return sums;
  });
  const { verdict, scaling: next } = await runLaunch(gpu, judgeStep({ size: 8, scaled: true }), {
    ...{ lossPartial, partial, scaling, verdict: 4, history: 4 * HISTORY },
    scalars: [...scalars, 0, 0],
  });
  return [[...verdict], [...next]];
}

gpuTest("judgeStep() divides by the loss's factor, and adapts it", async (gpu) => {
  const good = [0.25, 1, 0.5, 4];
  const of = async (scaling: number[], norm = 4) => {
    const [verdict, next] = await judged(gpu, scaling, norm);
    if (norm === 4) {
      // The divisor has 1e-6 more than the norm.
      assertEquals(
        verdict.map((v, i) => i === 0 ? Math.round(v * scaling[0] * 1e4) / 1e4 : v),
        good,
      );
    } else assertEquals(verdict[1], 0);
    return next;
  };
  assertEquals(await of([1024, 0]), [1024, 1]);
  assertEquals(await of([1024, 1998]), [1024, 1999]);
  assertEquals(await of([1024, 1999]), [2048, 0]);
  assertEquals(await of([2 ** 24, 1999]), [2 ** 24, 0]);
  assertEquals(await of([1024, 1999], Infinity), [512, 0]);
  assertEquals(await of([1, 5], NaN), [1, 0]);
});

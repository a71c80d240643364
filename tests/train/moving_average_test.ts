// The moving average of the weights: its decay from step to step, and the average itself.

import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { readCheckpoint } from "../../src/model/checkpoint.ts";
import { averageDecay } from "../../src/train/moving_average.ts";
import { completeTrainOptions, type TrainOptions } from "../../src/train/options.ts";
import { Trainer } from "../../src/train/trainer.ts";
import { assertWithin } from "../helpers/close.ts";
import { deviceTest } from "../helpers/devices.ts";
import { emaUpdate } from "../reference/optim.ts";

const decays = (options: Partial<TrainOptions>, steps: readonly number[]) =>
  steps.map((step) => averageDecay(completeTrainOptions(options), step));

Deno.test("averageDecay() rises by ratio from 1/10 to the decay, or is the decay at once", () => {
  assertEquals(decays({ emaDecay: 0.95 }, [0, 10, 1000]), [0.1, 0.55, 0.95]);
  assertEquals(decays({ emaDecay: 0.95, emaWarmup: "none" }, [0, 10, 1000]), [0.95, 0.95, 0.95]);
});

Deno.test("averageDecay() reaches 0.9999 when the options' documentation says", () => {
  const reached = { ratio: 89_989, power: 999_999 };
  for (const [emaWarmup, step] of Object.entries(reached) as ["ratio" | "power", number][]) {
    const [before, at] = decays({ emaDecay: 1, emaWarmup }, [0.999 * step | 0, step + 1]);
    assert(before < 0.9999 && at >= 0.9999, `${emaWarmup}: ${before}, ${at}`);
  }
});

Deno.test("averageDecay() by power, with a start and every few steps, is ema-pytorch's", () => {
  const options = { emaDecay: 0.995, emaWarmup: "power", emaStart: 100, emaEvery: 10 } as const;
  // update(): `step` counts calls; decay from the epoch step - 100 - 1 after it was counted up.
  for (let step = 0; step < 5000; step++) {
    const epoch = step + 1 - 100 - 1;
    const rising = epoch <= 0 ? 0 : 1 - (1 + epoch) ** (-2 / 3);
    const wanted = step % 10 !== 0 ? 1 : step <= 100 ? 0 : Math.min(0.995, rising);
    assertAlmostEquals(decays(options, [step])[0], wanted, 1e-15, `${step}`);
  }
});

deviceTest("Trainer.step() lets the average follow the weights as its decays say", async (gpu) => {
  const network = { imageSize: 8, patchSize: 4, latentDim: 8, interfaceDim: 8, numLatents: 2 };
  for (const optimizer of ["adamw", "lamb"] as const) {
    const options = { emaStart: 3, emaEvery: 2, emaDecay: 0.7, batchSize: 2, warmup: 0, optimizer };
    const config = { ...network, numBlocks: 1, numHeads: 2 };
    const trainer = await Trainer.create(gpu, config, options);
    const images = Float32Array.from({ length: 2 * 3 * 64 }, (_, i) => Math.sin(i));
    const slabs = async () => readCheckpoint(await trainer.save()).slabs;
    const wanted = Float64Array.from((await slabs()).ema!);
    for (let step = 0; step < 8; step++) {
      await trainer.step(images);
      const { parameters, ema } = await slabs();
      emaUpdate(wanted, Float64Array.from(parameters), averageDecay(trainer.options, step));
      assertWithin(`${optimizer} after ${step}`, ema!, wanted, 1e-6);
      if (step === 2) assertEquals(ema, parameters);
      if (step === 3) assert(ema!.some((value, i) => value !== parameters[i]));
    }
    trainer.destroy();
  }
});

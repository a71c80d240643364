/**
 * Times of the network of docs/scaling.md's pictures on the CPU device, at each size.
 *
 * @module
 */
import { requestCpu } from "../../src/device/cpu/request.ts";
import { Rin } from "../../src/diffusion/rin.ts";
import { completeConfig, type RinConfig } from "../../src/model/config.ts";
import { exampleSize } from "../../src/model/example.ts";
import { completeTrainOptions } from "../../src/train/options.ts";
import { Trainer } from "../../src/train/trainer.ts";
import { thisCommit, thisMachine } from "../machine.ts";
import { milliseconds } from "../peers/timing.ts";
import { type Measurement, measurement, type Results } from "../results.ts";
import { SIZES } from "./plans.ts";

/** The network, at any size. */
export const SMALL: Partial<RinConfig> = {
  patchSize: 16,
  interfaceDim: 64,
  interfaceMlpRatio: 2,
  latentDim: 128,
  numLatents: 32,
  numBlocks: 2,
  blockDepth: 2,
  positions: "stretched",
};

/** The CPU device with one thread, by its name in results. */
export const CONTENDER = "rin-cpu-1";

/** Steps of a picture that is drawn. */
export const DRAWN_STEPS = 20;

/** Times training steps of one picture, and pictures drawn. */
export async function measureScaling(turns: number): Promise<Results> {
  const measurements: Measurement[] = [];
  for (const imageSize of SIZES) {
    const device = await requestCpu({ threads: 1 });
    const config = completeConfig({ ...SMALL, imageSize });
    const trainer = await Trainer.create(device, config, completeTrainOptions({ batchSize: 1 }));
    const rin = await Rin.create(device, config);
    const image = new Float32Array(exampleSize(config)).fill(0.5);
    const [steps, samples]: number[][] = [[], []];
    for (let turn = -1; turn < turns; turn++) {
      const step = await milliseconds(async () => void await trainer.step(image));
      const sample = await milliseconds(async () =>
        void await rin.sample({ count: 1, steps: DRAWN_STEPS })
      );
      // The first compiles.
      if (turn < 0) continue;
      steps.push(step);
      samples.push(sample);
    }
    device.destroy();
    console.error(`${imageSize} px: measured`);
    measurements.push(measurement("step", `${imageSize} px`, CONTENDER, steps));
    measurements.push(measurement("sample", `${imageSize} px`, CONTENDER, samples));
  }
  return {
    version: 1,
    commit: await thisCommit(),
    date: new Date().toISOString(),
    machine: await thisMachine(),
    software: { deno: Deno.version.deno },
    batch: 1,
    measurements,
  };
}

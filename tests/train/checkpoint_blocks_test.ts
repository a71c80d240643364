// Gradient checkpointing: the same bits in less memory.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { requestCpu } from "../../src/device/cpu/request.ts";
import { cpuBytes } from "../../src/device/cpu/plan_memory.ts";
import { DeviceLimitError } from "../../src/device/errors.ts";
import { readCheckpoint } from "../../src/model/checkpoint.ts";
import { completeConfig, type RinConfig } from "../../src/model/config.ts";
import { parameterLayout } from "../../src/model/parameters.ts";
import { completeTrainOptions, type TrainOptions } from "../../src/train/options.ts";
import { recordStep, trainSlabs } from "../../src/train/step_plan.ts";
import { Trainer } from "../../src/train/trainer.ts";
import { assertSameBits, data } from "../helpers/close.ts";
import { deviceTest } from "../helpers/devices.ts";

const CONFIG: Partial<RinConfig> = {
  ...{ imageSize: 16, patchSize: 2, latentDim: 16, interfaceDim: 24, numLatents: 6, numHeads: 2 },
  ...{ numBlocks: 4, numClasses: 3, selfConditioning: "both" },
};
const DROPPING: Partial<TrainOptions> = {
  ...{ batchSize: 4, lr: 0.01, warmup: 0, seed: 3, dropout: 0.2, dropPath: 0.2 },
};
const LABELS = [0, 2, -1, 1];
const batch = (i: number) => Float32Array.from(data(4 * 3 * 256, 800 + i));

deviceTest("Trainer computes the same bits with checkpointBlocks", async (device) => {
  const trained = async (checkpointBlocks: "off" | "on", accumulate: number) => {
    const options = { ...DROPPING, accumulate, checkpointBlocks };
    const trainer = await Trainer.create(device, CONFIG, options);
    const metrics = [];
    for (let i = 0; i < 3; i++) metrics.push(await trainer.step(batch(i), LABELS));
    const { parameters, adam_v } = readCheckpoint(await trainer.save()).slabs;
    trainer.destroy();
    return { metrics, parameters, moments: adam_v! };
  };
  for (const accumulate of [1, 2]) {
    const [off, on] = [await trained("off", accumulate), await trained("on", accumulate)];
    assertEquals(on.metrics, off.metrics);
    assertSameBits("parameters", on.parameters, off.parameters);
    assertSameBits("moments", on.moments, off.moments);
  }
});

function bytesOf(checkpointBlocks: "off" | "on", numBlocks: number): number {
  const config = completeConfig({ ...CONFIG, numBlocks, imageSize: 64 });
  const options = completeTrainOptions({ ...DROPPING, checkpointBlocks });
  const layout = parameterLayout(config);
  return cpuBytes(recordStep(config, options, layout, trainSlabs(layout, options)).plan, 1);
}

Deno.test("recordStep() with checkpointBlocks keeps a fraction of a further block's activations", () => {
  const costOfFour = (mode: "off" | "on") => bytesOf(mode, 8) - bytesOf(mode, 4);
  const [off, on] = [costOfFour("off"), costOfFour("on")];
  assert(on < off / 3, `four more blocks take ${on} bytes with checkpoints, ${off} without`);
});

Deno.test("Trainer turns checkpointBlocks auto on where the device can't hold the step otherwise", async () => {
  const config = { ...CONFIG, imageSize: 64 };
  const [on, off] = [bytesOf("on", 4), bytesOf("off", 4)];
  const cpu = await requestCpu({ threads: 1, memoryLimit: Math.round((on + off) / 2) });
  try {
    const start = (checkpointBlocks: TrainOptions["checkpointBlocks"]) =>
      Trainer.create(cpu, config, { ...DROPPING, checkpointBlocks });
    await assertRejects(() => start("off"), DeviceLimitError);
    assertEquals(cpu.bytes, 0);
    for (const mode of ["on", "auto"] as const) {
      const trainer = await start(mode);
      assertEquals(trainer.options.checkpointBlocks, mode);
      trainer.destroy();
    }
    assertEquals(cpu.bytes, 0);
  } finally {
    cpu.destroy();
  }
});

// Runs that begin from a checkpoint, from a program.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { requestCpu } from "../../src/device/cpu/request.ts";
import type { ImageSet } from "../../src/data/image_set.ts";
import { readCheckpoint, writeCheckpoint } from "../../src/model/checkpoint.ts";
import { completeConfig, ConfigError } from "../../src/model/config.ts";
import { initialize } from "../../src/model/initialize.ts";
import { parameterLayout } from "../../src/model/parameters.ts";
import type { RunEvent } from "../../src/run/events.ts";
import { train } from "../../src/run/train.ts";
import { Trainer } from "../../src/train/trainer.ts";
import { withFolder } from "../data/scratch.ts";
import { tinySplits } from "./small_run.ts";

const config = completeConfig({
  ...{ imageSize: 16, patchSize: 4, latentDim: 16, interfaceDim: 16, numLatents: 4 },
  ...{ numBlocks: 1, numHeads: 2, prediction: "eps" },
});
const layout = parameterLayout(config);
const [parameters, ema] = [1, 2].map((seed) => initialize(layout, seed));
const init = writeCheckpoint({ config, slabs: { parameters, ema } });
const data: ImageSet = tinySplits().train;
const still = { batchSize: 2, steps: 2, lr: 0 };
const run = { sampleCount: 1, sampleSteps: 2, validCount: 2 };

Deno.test("train() begins from a checkpoint's average and network", async () => {
  await withFolder(async (folder) => {
    const events: RunEvent[] = [];
    const onEvent = (event: RunEvent) => events.push(event);
    const out = `${folder}/run`;
    const device = () => requestCpu({ threads: 1 });
    await train({ device, data, out, init, training: still, run, onEvent });
    assertEquals(events.find(({ type }) => type === "begun"), {
      type: "begun",
      anew: [],
      leftOut: [],
    });
    const { config: found, slabs, training } = readCheckpoint(
      await Deno.readFile(`${out}/last.safetensors`),
    );
    assertEquals([found, training!.step], [config, 2]);
    assertEquals(slabs.parameters, ema);
    // Averaging equal numbers rounds them.
    assert(slabs.ema!.every((value, i) => Math.abs(value - ema[i]) < 1e-6));

    const other = { device, data, out: `${folder}/b`, init, network: { latentDim: 32 }, run };
    await assertRejects(
      () => train(other),
      ConfigError,
      "of the weights only those of classes can change",
    );
    await assertRejects(() => Deno.stat(`${folder}/b`), Deno.errors.NotFound);
  });
});

Deno.test("train() reports a grid that is not finite, and continues without it", async () => {
  const enormous = parameters.slice();
  const name = "blocks.0.compute_mlp.0.3.weight";
  const { offset, size } = layout.parameters.find((spec) => spec.name === name)!;
  enormous.fill(3e38, offset, offset + size);
  await withFolder(async (folder) => {
    const events: RunEvent[] = [];
    const { ended, step } = await train({
      device: () => requestCpu({ threads: 1 }),
      data,
      out: `${folder}/run`,
      init: writeCheckpoint({ config, slabs: { parameters: enormous } }),
      training: still,
      run,
      onEvent: (event) => events.push(event),
    });
    assertEquals([ended, step], ["finished", 2]);
    const [failed] = events.filter((event) => event.type === "samplingFailed");
    assert(failed.error.message.startsWith("Image 0 has numbers that are not finite"));
    assertEquals(events.filter(({ type }) => type === "sampled"), []);
  });
});

Deno.test("Trainer.create() begins from a checkpoint, with the classes of its config", async () => {
  const device = await requestCpu({ threads: 1 });
  const same = await Trainer.create(device, {}, { batchSize: 2 }, { init });
  assertEquals([same.config, same.begun], [config, { anew: [], leftOut: [] }]);
  assertEquals(readCheckpoint(await same.save()).slabs.parameters, ema);
  const more = await Trainer.create(device, { numClasses: 4 }, { batchSize: 2 }, { init });
  assertEquals(more.begun!.anew, ["class_conditioner.class_embed"]);
  assertEquals((await Trainer.create(device, config, { batchSize: 2 })).begun, undefined);
  device.destroy();
});

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { samplingBytes, trainingBytes } from "../../cli/training/memory.ts";
import { PRESETS } from "../../src/run/presets.ts";
import { Rin } from "../../src/diffusion/rin.ts";
import { writeCheckpoint } from "../../src/model/checkpoint.ts";
import { completeConfig } from "../../src/model/config.ts";
import { forwardFlops } from "../../src/model/flops.ts";
import { initialize } from "../../src/model/initialize.ts";
import { parameterLayout } from "../../src/model/parameters.ts";
import { completeTrainOptions } from "../../src/train/options.ts";
import { Trainer } from "../../src/train/trainer.ts";
import { withFolder, write } from "../data/scratch.ts";
import { gpuTest } from "../helpers/gpu.ts";
import { complaint, rin } from "./rin.ts";

const sizes = { imageSize: 24, patchSize: 4, latentDim: 24, interfaceDim: 12, numLatents: 5 };

Deno.test("info: work of a pass is that of the presets", () => {
  const expected = { faces: 41e6, demo: 68e6, readme: 472e6 };
  for (const [name, flops] of Object.entries(expected)) {
    const found = forwardFlops(completeConfig(PRESETS[name].network));
    assert(Math.abs(found / flops - 1) < 0.03, `${name}: ${found}`);
  }
});

gpuTest("info: memory is what the GPU then holds", async (gpu) => {
  const config = completeConfig(sizes);
  const options = completeTrainOptions({ batchSize: 3 });
  const trainer = await Trainer.create(gpu, config, options);
  await trainer.step(new Float32Array(3 * 3 * 24 * 24));
  assertEquals(gpu.bytes, trainingBytes(config, options));
  trainer.destroy();
  assertEquals(gpu.bytes, 0);

  const net = await Rin.create(gpu, config);
  await net.sample({ count: 5, steps: 2 });
  assertEquals(gpu.bytes, samplingBytes(config, 5));
  const slabs = { parameters: initialize(parameterLayout(completeConfig(config)), 0) };
  net.destroy();
  if (!gpu.supportsF16) return;
  const small = await Rin.load(gpu, writeCheckpoint({ config, slabs }, "f16"));
  await small.sample({ count: 5, steps: 2 });
  assertEquals(gpu.bytes, samplingBytes(config, 5, "f16"));
  small.destroy();
});

Deno.test("info: describes a checkpoint, in words and as JSON, without a GPU", async () => {
  await withFolder(async (cwd) => {
    const config = completeConfig(sizes);
    const parameters = initialize(parameterLayout(config), 0);
    const training = { step: 1234, options: completeTrainOptions({ batchSize: 8, steps: 5000 }) };
    await write(
      `${cwd}/net.safetensors`,
      writeCheckpoint({ config, slabs: { parameters, ema: parameters }, training }),
    );
    const words = await rin(["info", "net.safetensors"], { cwd });
    assertEquals([words.code, words.stderr], [0, ""]);
    for (
      const text of [
        "1,234 of 5,000 steps",
        "moving average",
        "latentDim          24",
        "MiB to train with 8",
      ]
    ) assertStringIncludes(words.stdout, text);
    assert(!words.stdout.includes("optimiser"));

    const facts = JSON.parse((await rin(["info", "net.safetensors", "--json"], { cwd })).stdout);
    assertEquals(facts.config, config);
    assertEquals([facts.step, facts.forwardFlopsPerImage], [1234, forwardFlops(config)]);
    assertEquals(facts.holds, { movingAverage: true, optimiser: false });
    const most = samplingBytes(config, 16);
    assertEquals(facts.memory.sampling.bytes, most);
    assertEquals([facts.dtype, facts.memory.sampling.bytesWithShaderF16], ["f32", undefined]);

    await write(
      `${cwd}/f16.safetensors`,
      writeCheckpoint({ config, slabs: { parameters } }, "f16"),
    );
    const half = JSON.parse((await rin(["info", "f16.safetensors", "--json"], { cwd })).stdout);
    assertEquals([half.dtype, half.memory.sampling.bytes], ["f16", most]);
    const saved = most - half.memory.sampling.bytesWithShaderF16;
    assertEquals(saved, 4 * parameterLayout(config).size - 2 * parameterLayout(config, "f16").size);
    assert(saved > 1.8 * facts.parameters, `${saved}`);
    assertStringIncludes(
      (await rin(["info", "f16.safetensors"], { cwd })).stdout,
      "in half precision",
    );

    assertStringIncludes(complaint(await rin(["info", "gone"], { cwd })), "no such file");
  });
});

Deno.test("info: what a preset would train, changed by flags and a file", async () => {
  await withFolder(async (cwd) => {
    const facts = async (...args: string[]) =>
      JSON.parse((await rin(["info", "--preset", "faces", "--json", ...args], { cwd })).stdout);
    const plain = await facts();
    const parts = await facts("--batch-size", "64", "--accumulate", "4");
    assertEquals(parts.memory.training.batch, 64);
    assert(parts.memory.training.bytes < plain.memory.training.bytes);
    assertEquals(parts.parameters, plain.parameters);
    await write(`${cwd}/wide.json`, new TextEncoder().encode('{"latentDim": 256}'));
    const wide = await facts("--config", "wide.json", "--num-blocks", "1");
    assertEquals([wide.config.latentDim, wide.config.numBlocks], [256, 1]);

    const words = await rin(["info", "--preset", "faces", "--accumulate", "2"], { cwd });
    assertStringIncludes(words.stdout, "to train with 32 images a step, in 2 parts");
    const alone = await rin(["info", "net.safetensors", "--batch-size", "4"], { cwd });
    assertStringIncludes(complaint(alone, 2), "--batch-size changes what a preset would train");
    const wrong = await rin(["info", "--preset", "faces", "--patch-size", "5"], { cwd });
    assertStringIncludes(complaint(wrong), "--image-size 32 is not divisible by --patch-size 5");
  });
});

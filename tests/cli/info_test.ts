import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { halfSamplingBytes, samplingBytes, trainingBytes } from "../../cli/training/memory.ts";
import { requestCpu } from "../../src/device/cpu/request.ts";
import type { Device } from "../../src/device/device.ts";
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

Deno.test("rin info counts the work of a preset's pass", () => {
  const expected = { faces: 41e6, demo: 70e6, readme: 489e6 };
  for (const [name, flops] of Object.entries(expected)) {
    const found = forwardFlops(completeConfig(PRESETS[name].network));
    assert(Math.abs(found / flops - 1) < 0.01, `${name}: ${found}`);
  }
});

/** Beside them, a GPU holds what the queued steps write: some numbers an image. */
function assertBytes(found: number, counted: number | null): void {
  const queued = found - counted!;
  assert(queued >= 0 && queued < 1024, `${found} bytes, not ${counted}`);
}

async function assertMemory(device: Device, key: "gpu" | "cpu"): Promise<void> {
  const config = completeConfig(sizes);
  const options = completeTrainOptions({ batchSize: 3 });
  const trainer = await Trainer.create(device, config, options);
  await trainer.step(new Float32Array(3 * 3 * 24 * 24));
  await device.idle();
  assertEquals(device.bytes, trainingBytes(config, options)[key]);
  trainer.destroy();
  assertEquals(device.bytes, 0);

  const net = await Rin.create(device, config);
  await net.sample({ count: 5, steps: 2 });
  await device.idle();
  assertBytes(device.bytes, samplingBytes(config, 5)[key]);
  net.destroy();
}

gpuTest("rin info counts the memory that the GPU then holds", async (gpu) => {
  await assertMemory(gpu, "gpu");
  if (!gpu.supportsF16) return;
  const config = completeConfig(sizes);
  const slabs = { parameters: initialize(parameterLayout(config), 0) };
  const small = await Rin.load(gpu, writeCheckpoint({ config, slabs }, "f16"));
  await small.sample({ count: 5, steps: 2 });
  assertBytes(gpu.bytes, halfSamplingBytes(config, 5, "f32"));
  small.destroy();
  const least = await Rin.load(gpu, writeCheckpoint({ config, slabs }), { precision: "f16" });
  await least.sample({ count: 5, steps: 2 });
  const [bytes, full] = [halfSamplingBytes(config, 5, "f16"), samplingBytes(config, 5).gpu];
  assertBytes(gpu.bytes, bytes);
  assert(bytes! < full!);
  least.destroy();
});

Deno.test("rin info counts the memory that the CPU device then holds", async () => {
  const cpu = await requestCpu();
  try {
    await assertMemory(cpu, "cpu");
  } finally {
    cpu.destroy();
  }
});

Deno.test("rin info describes a checkpoint in words and as JSON", async () => {
  await withFolder(async (cwd) => {
    const config = completeConfig(sizes);
    const parameters = initialize(parameterLayout(config), 0);
    const options = completeTrainOptions({ batchSize: 8, steps: 5000 });
    const training = { step: 1234, options, devices: ["webgpu some GPU", "cpu fused"] };
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
        "Devices      webgpu some GPU, then cpu fused",
        "MiB to train with 8",
        "GPU memory",
        "CPU memory",
      ]
    ) assertStringIncludes(words.stdout, text);
    assert(!words.stdout.includes("optimizer's state"));

    const facts = JSON.parse((await rin(["info", "net.safetensors", "--json"], { cwd })).stdout);
    assertEquals(facts.config, config);
    assertEquals([facts.step, facts.forwardFlopsPerImage], [1234, forwardFlops(config)]);
    assertEquals(facts.devices, training.devices);
    assertEquals(facts.holds, { movingAverage: true, optimizer: false });
    const most = samplingBytes(config, 16);
    assertEquals(facts.memory.sampling.bytes, most);
    assertEquals([facts.dtype, facts.memory.sampling.bytesWithShaderF16], ["f32", undefined]);

    await write(
      `${cwd}/f16.safetensors`,
      writeCheckpoint({ config, slabs: { parameters } }, "f16"),
    );
    const half = JSON.parse((await rin(["info", "f16.safetensors", "--json"], { cwd })).stdout);
    assertEquals([half.dtype, half.memory.sampling.bytes], ["f16", most]);
    const saved = most.gpu! - half.memory.sampling.bytesWithShaderF16;
    assertEquals(saved, 4 * parameterLayout(config).size - 2 * parameterLayout(config, "f16").size);
    assert(saved > 1.8 * facts.parameters, `${saved}`);
    assertStringIncludes(
      (await rin(["info", "f16.safetensors"], { cwd })).stdout,
      "in half precision",
    );

    // An export has no training, but its card knows the steps.
    assertEquals((await rin(["export", "net.safetensors"], { cwd })).code, 0);
    const exported = (await rin(["info", "net-f16.safetensors"], { cwd })).stdout;
    assertStringIncludes(exported, "Trained for  1,234 steps");
    // What differs from the defaults is marked.
    assertStringIncludes(exported, "latentDim          24  (default: 128)");
    assertStringIncludes(exported, "prediction         x0\n");

    assertStringIncludes(complaint(await rin(["info", "gone"], { cwd })), "no such file");
  });
});

Deno.test("rin info answers for presets at 1024 px", () => {
  const { demo, cifar10, imagenet128, kinetics } = PRESETS;
  for (const { about, network, training } of [demo, cifar10, imagenet128, kinetics]) {
    const config = completeConfig({ ...network, imageSize: 1024 });
    const options = completeTrainOptions({ ...training, accumulate: training.batchSize ?? 32 });
    assert(trainingBytes(config, options).gpu! > samplingBytes(config, 1).gpu!, about);
  }
});

Deno.test("rin info samples in halves and trains in parts what 32-bit indices don't reach", async () => {
  const flags = ["--image-size", "512", "--batch-size", "4096", "--accumulate", "1"];
  const { code, stdout } = await rin(["info", "--preset", "kinetics", ...flags]);
  assertEquals(code, 0);
  assertStringIncludes(stdout, " GiB to sample 8 clips at a time\n");
  assertStringIncludes(
    stdout,
    "beyond 32-bit indices to train with 4096 clips a step: use a smaller --batch-size or more",
  );
});

Deno.test("rin info describes what a preset would train, with flags and a file", async () => {
  await withFolder(async (cwd) => {
    const facts = async (...args: string[]) =>
      JSON.parse((await rin(["info", "--preset", "faces", "--json", ...args], { cwd })).stdout);
    const plain = await facts();
    const parts = await facts("--batch-size", "64", "--accumulate", "4");
    assertEquals(parts.memory.training.batch, 64);
    for (const device of ["gpu", "cpu"]) {
      assert(parts.memory.training.bytes[device] < plain.memory.training.bytes[device]);
    }
    assertEquals(parts.parameters, plain.parameters);
    await write(`${cwd}/wide.json`, new TextEncoder().encode('{"latentDim": 256}'));
    const wide = await facts("--config", "wide.json", "--num-blocks", "1");
    assertEquals([wide.config.latentDim, wide.config.numBlocks], [256, 1]);

    const words = await rin(["info", "--preset", "faces", "--accumulate", "2"], { cwd });
    assertStringIncludes(words.stdout, "to train with 32 images a step, in 2 parts");
    assert(!words.stdout.includes("too much"));
    const large = await rin(["info", "--preset", "imagenet128"], { cwd });
    assertEquals(large.stdout.match(/too much, it holds 4 GiB/g)?.length, 1);
    const alone = await rin(["info", "net.safetensors", "--batch-size", "4"], { cwd });
    assertStringIncludes(complaint(alone, 2), "--batch-size changes what a preset would train");
    const wrong = await rin(["info", "--preset", "faces", "--patch-size", "5"], { cwd });
    assertStringIncludes(complaint(wrong), "--image-size 32 is not divisible by --patch-size 5");
  });
});

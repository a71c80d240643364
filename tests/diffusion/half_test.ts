// A network of half-precision parameters that stay so on the GPU: all that it gives is, to the bit,
// what it gives when they are widened first. And one whose activations are in half precision, too.

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { requestCpu } from "../../src/device/cpu/request.ts";
import { lossAndGradients } from "../../src/diffusion/loss.ts";
import { Rin } from "../../src/diffusion/rin.ts";
import { type Gpu, requestGpu } from "../../src/device/webgpu/gpu.ts";
import { bound } from "../../src/device/webgpu/binding.ts";
import { CheckpointError } from "../../src/model/errors.ts";
import { readCheckpoint, writeCheckpoint } from "../../src/model/checkpoint.ts";
import { completeConfig, type RinConfig } from "../../src/model/config.ts";
import { exampleSize } from "../../src/model/example.ts";
import { initialize } from "../../src/model/initialize.ts";
import { parameterLayout } from "../../src/model/parameters.ts";
import { readSafetensors } from "../../src/model/safetensors.ts";
import { laidOut, slab, Weights, whole } from "../../src/model/weights.ts";
import { assertSameBits, assertWithin, data } from "../helpers/close.ts";
import { gpuTest } from "../helpers/gpu.ts";

const BASE: Partial<RinConfig> = {
  imageSize: 9,
  patchSize: 3,
  latentDim: 18,
  interfaceDim: 9,
  numLatents: 5,
  numHeads: 3,
  readWriteHeads: 3,
  blockDepth: [2, 1],
  numClasses: 3,
};

/** Every kernel that reads parameters is in one of them. */
const CONFIGS: Record<string, Partial<RinConfig>> = {
  "time and class added, odd sizes": {},
  "time and class as tokens, all passed on, sizes that vectors divide": {
    ...{ latentDim: 16, interfaceDim: 16, numHeads: 4, readWriteHeads: 2 },
    ...{ timeConditioning: "token", selfConditioning: "both" },
  },
};

/** No parameter is 0, and the norms are not 1. */
function parametersOf(config: RinConfig): Float32Array<ArrayBuffer> {
  const values = initialize(parameterLayout(config), 7);
  return values.map((value, i) => Math.fround(value * 0.9 + 0.01 * ((i % 7) - 3)));
}

const BATCH = 3;

/** Everything that a network gives, by what it is. */
async function allOf(rin: Rin): Promise<Record<string, Float32Array>> {
  const size = exampleSize(rin.config);
  const f32 = (length: number, stream: number) => Float32Array.from(data(length, stream));
  const labels = [1, -1, 0];
  const t = Float32Array.of(0.0625, 0.5, 0.8125);
  const first = await rin.predict(f32(BATCH * size, 480), t, { labels });
  const next = await rin.predict(f32(BATCH * size, 480), t, { labels, previous: first });
  const images = await rin.sample({ count: 3, steps: 3, seed: 5, labels, guidance: 2 });
  const { loss, gradients } = await lossAndGradients(rin, {
    ...{ x0: f32(BATCH * size, 482), noise: f32(BATCH * size, 483), t, labels },
    previous: first,
  });
  return {
    output: next.output,
    latents: next.latents,
    images,
    loss: Float32Array.of(loss),
    ...Object.fromEntries(Object.entries(gradients).map(([name, g]) => [`d ${name}`, g])),
    ...await rin.parameters(),
  };
}

for (const [name, options] of Object.entries(CONFIGS)) {
  gpuTest(
    `Rin.sample() gives the same bits from f16 on the GPU as from f32: ${name}`,
    async (gpu) => {
      const config = completeConfig({ ...BASE, prediction: "x0", ...options });
      const bytes = writeCheckpoint({ config, slabs: { parameters: parametersOf(config) } }, "f16");
      const wide = await requestGpu({ f16: false });
      assert(!wide.supportsF16);
      const [half, full] = [await Rin.load(gpu, bytes), await Rin.load(wide, bytes)];
      assertEquals([half, full].map(({ weights }) => weights.values.type), ["f16", "f32"]);
      assert(half.weights.values.bytes < 0.8 * full.weights.values.bytes, "padding is the rest");
      const [found, wanted] = [await allOf(half), await allOf(full)];
      assertEquals(Object.keys(found), Object.keys(wanted));
      for (const [key, values] of Object.entries(found)) assertSameBits(key, values, wanted[key]);
      assertEquals(await half.save(), await full.save());
      half.destroy();
      wide.destroy();
    },
    "shader-f16",
  );
}

for (const [name, options] of Object.entries(CONFIGS)) {
  gpuTest(
    `Rin.load() computes in f16 close to f32, with the same bits again: ${name}`,
    async (gpu) => {
      const config = completeConfig({ ...BASE, prediction: "x0", ...options });
      const parameters = parametersOf(config);
      const bytes = writeCheckpoint({ config, slabs: { parameters } });
      const rounded = writeCheckpoint({ config, slabs: { parameters } }, "f16");
      const full = await Rin.load(gpu, bytes);
      const half = await Rin.load(gpu, bytes, { precision: "f16" });
      const again = await Rin.load(gpu, rounded, { precision: "f16" });
      assertEquals([full.precision, half.precision], ["f32", "f16"]);
      const draw = (rin: Rin) =>
        rin.sample({ count: 3, steps: 3, seed: 5, labels: [1, -1, 0], guidance: 2 });
      const [wanted, found] = [await draw(full), await draw(half)];
      assertWithin("pictures", found, wanted, 0.02);
      assert(found.some((value, i) => value !== wanted[i]), "activations are rounded");
      assertSameBits("pictures again", await draw(again), found);
      for (const rin of [full, half, again]) rin.destroy();
    },
    "shader-f16",
  );
}

gpuTest("Rin.load() refuses f16 in one sentence where it can't be", async (gpu) => {
  const bytes = writeCheckpoint({ config: small, slabs: { parameters: parametersOf(small) } });
  const wide = await requestGpu({ f16: false });
  const cpu = await requestCpu({ threads: 1 });
  for (const device of [wide, cpu]) {
    await assertRejects(
      () => Rin.load(device, bytes, { precision: "f16" }),
      RangeError,
      `Precision f16 needs a GPU with shader-f16, and this device has none (${device.description})`,
    );
    device.destroy();
  }
  if (!gpu.supportsF16) return;
  const parameters = parametersOf(small).fill(7e4, 9, 10);
  await assertRejects(
    () =>
      Rin.load(gpu, writeCheckpoint({ config: small, slabs: { parameters } }), {
        precision: "f16",
      }),
    CheckpointError,
    "a weight of 70000, beyond 65504",
  );
});

const small = completeConfig({ ...BASE, numClasses: 0 });

/** What type a checkpoint's parameters are on the GPU. */
async function typeOn(gpu: Gpu, bytes: Uint8Array): Promise<string | undefined> {
  const rin = await Rin.load(gpu, bytes);
  rin.destroy();
  return rin.weights.values.type;
}

/** A file in half precision but for its first tensor. */
function mixed(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const { metadata, tensors } = readSafetensors(bytes);
  const header: Record<string, unknown> = { __metadata__: metadata };
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let at = 0;
  for (const [name, { shape, data }] of tensors) {
    const values = at === 0 ? data : new Float16Array(data);
    parts.push(new Uint8Array(values.buffer));
    const end = at + values.byteLength;
    header[name] = { dtype: at === 0 ? "F32" : "F16", shape, data_offsets: [at, end] };
    at = end;
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const length = new Uint8Array(BigUint64Array.of(BigInt(json.length)).buffer);
  return Uint8Array.from([length, json, ...parts].flatMap((part) => [...part]));
}

gpuTest(
  "Rin.load() keeps a checkpoint f16 on the GPU only if it is f16 throughout",
  async (gpu) => {
    const kept = gpu.supportsF16 ? "f16" : "f32";
    const slabs = { parameters: parametersOf(small) };
    const bytes = writeCheckpoint({ config: small, slabs }, "f16");
    assertEquals(await typeOn(gpu, bytes), kept);
    assertEquals(await typeOn(gpu, mixed(bytes)), "f32");
    assertEquals(await typeOn(gpu, writeCheckpoint({ config: small, slabs })), "f32");
  },
);

Deno.test("laidOut() keeps the order of parameters in f16, at places where bindings can begin", () => {
  const [full, half] = [parameterLayout(small), parameterLayout(small, "f16")];
  const values = parametersOf(small);
  const moved = laidOut(values, full, half);
  assertEquals([slab("p", half).bytes, moved.length], [2 * half.size, half.size]);
  assertSameBits("there and back", laidOut(moved, half, full), zeroPadded(values));
  const weights = new Weights(half, slab("p", half));
  for (const name of ["readout.weight", "layer_norm.weight", "latent_initializer.Z_init"]) {
    const { offset, size } = weights.get(name);
    assertEquals(offset % 128, 0, name);
    const place = full.parameters.find((parameter) => parameter.name === name)!;
    assertSameBits(
      name,
      moved.slice(offset, offset + size),
      values.slice(place.offset, place.offset + size),
    );
    const { offset: begin, size: bytes } = bound(weights.get(name));
    assertEquals([begin, bytes], [2 * offset, Math.ceil(size / 8) * 16], name);
  }
});

/** A slab with nothing between its parameters. */
function zeroPadded(values: Float32Array<ArrayBuffer>): Float32Array<ArrayBuffer> {
  const bare = new Float32Array(values.length);
  for (const { offset, size } of parameterLayout(small).parameters) {
    bare.set(values.subarray(offset, offset + size), offset);
  }
  return bare;
}

gpuTest(
  "Gpu writes and reads f16 storages only as f16",
  async (gpu) => {
    const storage = slab("p", parameterLayout(small, "f16"));
    const tensor = whole(storage);
    const values = Float16Array.from({ length: tensor.size }, (_, i) => i / 3);
    assertThrows(() => gpu.write(tensor, new Float32Array(4)), RangeError, "of 2 bytes");
    gpu.write(tensor, values);
    assertSameBits("read", await gpu.read(tensor), new Float32Array(values));
    gpu.release(storage);
  },
  "shader-f16",
);

Deno.test("readCheckpoint() says which numbers a file holds", () => {
  const slabs = { parameters: parametersOf(small) };
  for (const dtype of ["f16", "f32"] as const) {
    assertEquals(readCheckpoint(writeCheckpoint({ config: small, slabs }, dtype)).dtype, dtype);
  }
});

// What exceeds an adapter's limits is cut, halved, or refused in one sentence.

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { DeviceLimitError } from "../../../src/device/errors.ts";
import { Gpu } from "../../../src/device/webgpu/gpu.ts";
import { lower } from "../../../src/device/webgpu/lowering.ts";
import { WebGpuProgram } from "../../../src/device/webgpu/program.ts";
import { Rin } from "../../../src/diffusion/rin.ts";
import { Plan } from "../../../src/graph/plan.ts";
import { temporary } from "../../../src/graph/tensor.ts";
import { gpuTest } from "../../helpers/gpu.ts";
import type { OpCase } from "../../ops/case.ts";
import { FAMILIES } from "../../ops/cases.ts";
import { check, runCases } from "../../ops/run.ts";

/** Elements of a window. */
const FEW = 1024;

/** Whether an operand of a case is longer than a window. */
const isCut = ({ operands }: OpCase) =>
  Object.values(operands).some((operand) =>
    typeof operand !== "string" && operand.shape.reduce((a, b) => a * b, 1) > FEW
  );

gpuTest("operations on slabs give the same when they are cut", async (gpu) => {
  const cut = ["adamW", "lamb", "judgeStep", "moments", "copy", "add"];
  const of = (name: string) =>
    Object.values(FAMILIES).flat().filter((each) => each.name === name && isCut(each)).slice(0, 6);
  const cases = cut.flatMap((name) => {
    assert(of(name).length > 0, name);
    return of(name);
  });
  const found = await runCases({
    compile: (plan) => WebGpuProgram.compile(gpu, plan.phases, lower(plan, { most: FEW })),
    write: (...given) => gpu.write(...given),
    read: (tensor) => gpu.read(tensor),
    release: (...storages) => gpu.release(...storages),
  }, cases);
  check(cases, found);
});

Deno.test("a tensor whose numbers can't be counted in 32 bits is refused in one sentence", () => {
  const plan = new Plan();
  const x = temporary(2 ** 31 + 1);
  plan.record("copy", { size: x.size }, { x, y: x });
  assertThrows(
    () => lower(plan),
    DeviceLimitError,
    "This model needs 2147483649 numbers in one array (copy), and kernels count to 2147483648; use a",
  );
});

const config = { imageSize: 16, patchSize: 4, latentDim: 32, interfaceDim: 32, numHeads: 2 };
const options = { count: 7, steps: 2, seed: 3 };

/** Images, and how many came at a time. */
async function sampled(gpu: Gpu): Promise<[number[], Float32Array]> {
  const rin = await Rin.create(gpu, config);
  const batches: number[] = [];
  const images: number[] = [];
  for await (const batch of rin.samples(options)) {
    batches.push(batch.indices.length);
    images.push(...batch.images);
  }
  rin.destroy();
  return [batches, Float32Array.from(images)];
}

/** A GPU whose device is changed in some respects. */
function changed(gpu: Gpu, changes: Record<string, unknown>): Gpu {
  const device = new Proxy(gpu.device, {
    get: (device, key) => {
      if (key in changes) return changes[key as string];
      const value = Reflect.get(device, key, device);
      return typeof value === "function" ? value.bind(device) : value;
    },
  });
  return new Gpu(device, gpu.info);
}

gpuTest("sampling halves its batch where a binding exceeds the adapter's limit", async (gpu) => {
  const [batches, images] = await sampled(gpu);
  assertEquals(batches, [7]);
  // Four images' tokens with four times the width.
  const limits = { maxBufferSize: 2 ** 28, maxStorageBufferBindingSize: 4 * 16 * 128 * 4 };
  assertEquals(await sampled(changed(gpu, { limits })), [[4, 3], images]);
  const one = { ...limits, maxStorageBufferBindingSize: 16 * 128 * 4 - 16 };
  await assertRejects(() => sampled(changed(gpu, { limits: one })), DeviceLimitError, "at once");
});

gpuTest("sampling halves its batch where the GPU has no memory", async (gpu) => {
  const [, images] = await sampled(gpu);
  let full = 2;
  const scopes: GPUErrorFilter[] = [];
  const device = gpu.device;
  const changes = {
    // As without memory: a buffer is made that nothing can be done with.
    createBuffer: (descriptor: GPUBufferDescriptor) => {
      if (full <= 0 || scopes.at(-1) !== "out-of-memory") return device.createBuffer(descriptor);
      device.pushErrorScope("validation");
      const invalid = device.createBuffer({ ...descriptor, usage: 0 });
      device.popErrorScope();
      return invalid;
    },
    pushErrorScope: (filter: GPUErrorFilter) => {
      scopes.push(filter);
      device.pushErrorScope(filter);
    },
    popErrorScope: async () => {
      const mine = scopes.pop() === "out-of-memory" && full-- > 0;
      return await device.popErrorScope() ?? (mine ? new Error("full") : null);
    },
  };
  const crowded = changed(gpu, changes);
  assertEquals(await sampled(crowded), [[2, 2, 2, 1], images]);
  crowded.check();
});

// Plans replayed on the GPU: sections, timing, memory, and errors that say what is wrong.

import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { addInto, copy } from "../../kernels/elementwise.ts";
import { launch, read, write } from "../../kernels/kernel.ts";
import { matmulTiled } from "../../kernels/matmul_tiled.ts";
import { requestGpu } from "../../src/gpu/device.ts";
import { GpuLimitError, GpuLostError, NoGpuError } from "../../src/gpu/errors.ts";
import { persistent, Plan } from "../../src/gpu/plan.ts";
import { bytesOf } from "../../src/gpu/pool.ts";
import { Program } from "../../src/gpu/program.ts";
import { gpuTest } from "../helpers/gpu.ts";
import { tensorOf } from "../helpers/launch.ts";

/** A plan that adds x to y ("first"), then y to z ("second"). */
function twoSections() {
  const [x, y, z] = ["x", "y", "z"].map((name) => persistent(name, [8]));
  const plan = new Plan("software");
  plan.section("first", () => plan.dispatch(addInto({ size: 8 }), [x, y]));
  plan.section("second", () => plan.dispatch(addInto({ size: 8 }), [y, z]));
  return { plan, x, y, z };
}

gpuTest("a replay runs all sections, or those that are named", async (gpu) => {
  const { plan, x, y, z } = twoSections();
  const program = await Program.compile(gpu, plan);
  gpu.write(x, new Float32Array(8).fill(1));
  const state = async () => [(await gpu.read(y))[7], (await gpu.read(z))[7]];
  assertEquals(await state(), [0, 0], "memory begins as zeros");
  program.run();
  assertEquals(await state(), [1, 1]);
  program.run("first");
  assertEquals(await state(), [2, 1]);
  program.run("second");
  program.run("second", "first");
  assertEquals(await state(), [3, 6]);
  program.run("neither");
  assertEquals(await state(), [3, 6]);
  program.destroy();
  gpu.release(...[x, y, z].map(({ storage }) => storage!));
});

gpuTest("activations carry values from one dispatch to the next", async (gpu) => {
  const plan = new Plan("software");
  const size = 77;
  const x = tensorOf(gpu, "x", Array.from({ length: size }, (_, i) => i));
  const result = persistent("result", [size]);
  let last = x;
  for (let i = 0; i < 6; i++) {
    const next = plan.activation([size]);
    plan.dispatch(copy({ size }), [last, next]);
    plan.dispatch(addInto({ size }), [last, next]);
    last = next;
  }
  plan.dispatch(copy({ size }), [last, result]);
  const program = await Program.compile(gpu, plan);
  for (let replay = 0; replay < 2; replay++) {
    program.run();
    assertEquals([...await gpu.read(result)], Array.from({ length: size }, (_, i) => 64 * i));
  }
  program.destroy();
  gpu.release(x.storage!, result.storage!);
});

gpuTest("a profile has the time and the work of each kind of kernel", async (gpu) => {
  const [m, n, k] = [70, 66, 64];
  const [a, b, c] = [m * k, n * k, m * n].map((size) => persistent("x", [size]));
  const plan = new Plan("software");
  const product = matmulTiled({ layout: "nt", m, n, k });
  plan.dispatch(product, [a, b, c]);
  plan.dispatch(copy({ size: c.size }), [c, plan.activation([c.size])]);
  plan.dispatch(product, [a, b, c]);
  const program = await Program.compile(gpu, plan);
  const before = gpu.bytes;
  const profile = await program.profile();
  assertEquals(gpu.bytes, before, "it leaves nothing behind");
  assertEquals(profile.map(({ name }) => name).sort(), ["copy", "matmul"]);
  const of = (name: string) => profile.find((entry) => entry.name === name)!;
  assertEquals([of("matmul").count, of("matmul").flops], [2, 2 * 2 * m * n * k]);
  assertEquals([of("copy").count, of("copy").flops], [1, 0]);
  for (const { name, milliseconds } of profile) {
    assert(milliseconds >= 0 && milliseconds < 10_000, `${name} took ${milliseconds} ms`);
  }
  assert(of("matmul").milliseconds > 0, "a product takes some time");
  assert(profile[0].milliseconds >= profile[1].milliseconds, "the longest first");
  program.destroy();
  gpu.release(...[a, b, c].map(({ storage }) => storage!));
});

gpuTest("everything that a program took is given back", async (gpu) => {
  const start = gpu.bytes;
  const { plan, x, y, z } = twoSections();
  const extra = plan.activation([1000]);
  plan.dispatch(copy({ size: 1000 }), [extra, plan.activation([1000])]);
  const program = await Program.compile(gpu, plan);
  assertEquals(gpu.bytes - start, bytesOf(plan.dispatches));
  program.destroy();
  program.destroy();
  assertEquals(gpu.bytes - start, 3 * 32, "storages stay");
  gpu.release(...[x, y, z].map(({ storage }) => storage!));
  gpu.release(x.storage!);
  assertEquals(gpu.bytes, start);
});

gpuTest("a kernel that does not compile: its name, the line, the text", async () => {
  const gpu = await requestGpu(); // of its own: the fault stays with it
  const broken = launch(
    "broken kernel",
    {},
    [write("y")],
    [1, 1, 1],
    "@compute @workgroup_size(1)\nfn main() {\n  y[0] = nonsense(1.0);\n}\n",
  );
  const plan = new Plan("software");
  const y = persistent("y", [4]);
  plan.dispatch(broken, [y]);
  const start = gpu.bytes;
  const error = await assertRejects(() => Program.compile(gpu, plan), Error, "broken kernel");
  assertMatch(error.message, /line 4: /, "the line");
  assertMatch(error.message, /nonsense/);
  assertEquals(gpu.bytes, start);
  gpu.destroy();
});

gpuTest(
  "a buffer larger than the adapter allows: the error says which, and what to do",
  async (gpu) => {
    const { maxBufferSize, maxStorageBufferBindingSize } = gpu.device.limits;
    const limit = Math.min(maxBufferSize, maxStorageBufferBindingSize);
    const start = gpu.bytes;
    const message =
      /^This model needs a buffer of \d+ MiB \(.*\) and the adapter allows \d+ MiB .*; use/;
    const huge = persistent("a huge slab", [limit / 4 + 1]);
    const direct = assertThrows(() => gpu.memory(huge.storage!), GpuLimitError, "a huge slab");
    assertMatch(direct.message, message);
    const plan = new Plan("software");
    plan.dispatch(launch("touch", {}, [read("x")], [1, 1, 1], touch), [
      plan.activation([limit / 4 + 1]),
    ]);
    const pooled = await assertRejects(
      () => Program.compile(gpu, plan),
      GpuLimitError,
      "activations",
    );
    assertMatch(pooled.message, message);
    assertEquals(gpu.bytes, start, "nothing is kept of a program that could not be made");
  },
);

const touch = "@compute @workgroup_size(1)\nfn main() { _ = x[0]; }";

gpuTest("a program that can't have its storages leaves nothing behind", async (gpu) => {
  const { maxBufferSize, maxStorageBufferBindingSize } = gpu.device.limits;
  const size = Math.min(maxBufferSize, maxStorageBufferBindingSize) / 4 + 1;
  const start = gpu.bytes;
  const plan = new Plan("software");
  plan.dispatch(launch("touch", {}, [read("x")], [1, 1, 1], touch), [persistent("huge", [size])]);
  await assertRejects(() => Program.compile(gpu, plan), GpuLimitError, "huge");
  assertEquals(gpu.bytes, start);
});

gpuTest("equal kernels share one pipeline", async (gpu) => {
  const [a, b] = [8, 400].map((size) => gpu.pipeline(copy({ size })));
  assert(await a === await b);
  assert(await gpu.pipeline(copy({ size: 7 })) !== await a, "scalars instead of vectors");
});

gpuTest("host access is checked", async (gpu) => {
  const plan = new Plan("software");
  const x = persistent("x", [3]);
  assertThrows(() => gpu.write(plan.activation([3]), new Float32Array(3)), RangeError, "pooled");
  assertThrows(() => gpu.write(x, new Float32Array(4)), RangeError, "holds 3 numbers, got 4");
  await assertRejects(() => gpu.read(plan.activation([3])), RangeError, "pooled");
  gpu.write(x, Float32Array.of(1, 2));
  assertEquals([...await gpu.read(x)], [1, 2, 0]);
  gpu.write({ ...x, offset: 1, size: 2 }, Float32Array.of(8));
  assertEquals([...await gpu.read({ ...x, offset: 1, size: 2 })], [8, 0]);
  gpu.release(x.storage!);
  assertEquals([...await gpu.read(x)], [0, 0, 0], "released memory is forgotten");
  gpu.release(x.storage!);
});

gpuTest("a command that the device refuses is reported at the next look", async () => {
  const gpu = await requestGpu({ powerPreference: "low-power" });
  assert(["software", "hardware"].includes(gpu.kind));
  gpu.check();
  gpu.device.createBuffer({ size: 16, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.STORAGE });
  await gpu.device.queue.onSubmittedWorkDone();
  await new Promise((resolve) => setTimeout(resolve, 10));
  assertThrows(() => gpu.check(), GpuLostError, "refused a command");
  await assertRejects(() => gpu.idle(), GpuLostError);
  gpu.destroy();
  assertEquals(gpu.bytes, 0);
});

Deno.test("without an adapter the error says what to install", async () => {
  const gpu = globalThis.navigator.gpu;
  const own = Object.getOwnPropertyDescriptor(gpu, "requestAdapter");
  Object.defineProperty(gpu, "requestAdapter", {
    value: () => Promise.resolve(null),
    configurable: true,
  });
  try {
    const error = await assertRejects(() => requestGpu(), NoGpuError, "found no adapter");
    assertMatch(error.message, /apt-get install libvulkan1 mesa-vulkan-drivers/);
  } finally {
    if (own) Object.defineProperty(gpu, "requestAdapter", own);
    else Reflect.deleteProperty(gpu, "requestAdapter");
  }
});

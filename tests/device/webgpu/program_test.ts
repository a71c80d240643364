// What only WebGPU has: kernels that do not compile, limits of the adapter, commands it refuses.

import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { copy } from "../../../kernels/wgsl/elementwise.ts";
import { type Launch, launch, read, write } from "../../../kernels/wgsl/kernel.ts";
import { DeviceLimitError, DeviceLostError, NoGpuError } from "../../../src/device/errors.ts";
import { type Gpu, requestGpu } from "../../../src/device/webgpu/gpu.ts";
import { lower } from "../../../src/device/webgpu/lowering.ts";
import { webgpuBytes } from "../../../src/device/webgpu/memory.ts";
import { WebGpuProgram } from "../../../src/device/webgpu/program.ts";
import type { OperandsOf } from "../../../src/graph/ops.ts";
import { Plan } from "../../../src/graph/plan.ts";
import { persistent, temporary, type Tensor, view } from "../../../src/graph/tensor.ts";
import { gpuTest } from "../../helpers/gpu.ts";

gpuTest("webgpuBytes() counts what a program and its storages take", async (gpu) => {
  const start = gpu.bytes;
  const [x, y] = [persistent("x", [8]), persistent("y", [8])];
  const plan = new Plan();
  plan.record("add", { size: 8 }, { x, y });
  plan.record("copy", { size: 1000 }, { x: temporary(1000), y: temporary(1000) });
  const program = await gpu.compile(plan);
  assertEquals(gpu.bytes - start, webgpuBytes(plan));
  program.destroy();
  gpu.release(x.storage!, y.storage!);
});

gpuTest("lower() binds what each kernel binds", () => {
  const plan = new Plan();
  const [x, y] = [persistent("x", [8]), persistent("y", [8])];
  plan.record("copy", { size: 8 }, { x, y });
  assertEquals(lower(plan)[0].tensors, [x, y]);
  const incomplete = { x } as unknown as OperandsOf<"maskRows">;
  plan.record("maskRows", { batch: 2, each: 4 }, incomplete);
  assertThrows(() => lower(plan), RangeError, "it binds 3 buffers, got 1");
});

gpuTest("Gpu names kernel, line, and text if a kernel does not compile", async () => {
  const gpu = await requestGpu(); // of its own: the fault stays with it
  const broken = launch(
    "broken kernel",
    {},
    [write("y")],
    [1, 1, 1],
    "@compute @workgroup_size(1)\nfn main() {\n  y[0] = nonsense(1.0);\n}\n",
  );
  const y = persistent("y", [4]);
  const start = gpu.bytes;
  const error = await assertRejects(() => compile(gpu, broken, y), Error, "broken kernel");
  assertMatch(error.message, /line 4: /, "the line");
  assertMatch(error.message, /nonsense/);
  assertEquals(gpu.bytes, start);
  gpu.destroy();
});

gpuTest(
  "Gpu names a buffer larger than the adapter allows, and says what to do",
  async (gpu) => {
    const { maxBufferSize, maxStorageBufferBindingSize } = gpu.device.limits;
    const start = gpu.bytes;
    const message = (limit: string) =>
      new RegExp(
        `^This model needs \\d+ MiB at once .* the adapter allows \\d+ MiB \\(${limit}\\); use`,
      );
    const huge = persistent("a huge slab", [maxBufferSize / 4 + 1]);
    const direct = assertThrows(() => gpu.memory(huge.storage!), DeviceLimitError, "a huge slab");
    assertMatch(direct.message, message("maxBufferSize"));
    const pooled = await assertRejects(
      () => compile(gpu, touch, temporary(maxStorageBufferBindingSize / 4 + 1)),
      DeviceLimitError,
      "(touch)",
    );
    assertMatch(pooled.message, message("maxStorageBufferBindingSize"));
    assertEquals(gpu.bytes, start, "nothing is kept of a program that could not be made");
  },
);

const touch = launch(
  "touch",
  {},
  [read("x")],
  [1, 1, 1],
  "@compute @workgroup_size(1)\nfn main() { _ = x[0]; }",
);

/** A program of one dispatch. */
const compile = (gpu: Gpu, launch: Launch, ...tensors: Tensor[]) =>
  WebGpuProgram.compile(gpu, ["step"], [{ launch, tensors, phase: "step" }]);

gpuTest("WebGpuProgram leaves nothing behind if it can't have its storages", async (gpu) => {
  const { maxBufferSize } = gpu.device.limits;
  const start = gpu.bytes;
  // A binding that is allowed, of a slab that isn't.
  const huge = view(persistent("huge", [maxBufferSize / 4 + 1]), 0, [4]);
  await assertRejects(() => compile(gpu, touch, huge), DeviceLimitError, "huge");
  assertEquals(gpu.bytes, start);
});

gpuTest("Gpu shares one pipeline among equal kernels", async (gpu) => {
  const [a, b] = [8, 400].map((size) => gpu.pipeline(copy({ size })));
  assert(await a === await b);
  assert(await gpu.pipeline(copy({ size: 7 })) !== await a, "scalars instead of vectors");
});

gpuTest("Gpu reports a refused command at the next look", async () => {
  const gpu = await requestGpu({ powerPreference: "low-power" });
  gpu.check();
  gpu.device.createBuffer({ size: 16, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.STORAGE });
  await gpu.device.queue.onSubmittedWorkDone();
  await new Promise((resolve) => setTimeout(resolve, 10));
  assertThrows(() => gpu.check(), DeviceLostError, "refused a command");
  await assertRejects(() => gpu.idle(), DeviceLostError);
  gpu.destroy();
  assertEquals(gpu.bytes, 0);
});

Deno.test("requestGpu() says what to install without an adapter", async () => {
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

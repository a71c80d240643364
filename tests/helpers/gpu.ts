// Tests that need WebGPU. Where there is no adapter they are reported as ignored, never as passed.

import { quietMesa } from "../../src/device/webgpu/quiet_mesa.ts";
import { type Gpu, requestGpu } from "../../src/device/webgpu/gpu.ts";

// `deno test` ends while the thread of the last test file does. Mesa's libEGL, which other backends
// than Vulkan load, frees that thread's memory at both occasions: one run in 200 ended with "malloc():
// unaligned fastbin chunk detected" after all tests had passed. A program has its GPU on the main
// thread, where that can't be.
if (Deno.build.os === "linux" && !Deno.env.has("DENO_WEBGPU_BACKEND")) {
  Deno.env.set("DENO_WEBGPU_BACKEND", "vulkan");
}

quietMesa();
const adapter = await globalThis.navigator?.gpu?.requestAdapter() ?? undefined;

/** Whether this machine has an adapter of any kind. */
export const available = adapter !== undefined;

/** Whether its kernels can read and write f16. */
export const hasF16 = adapter?.features.has("shader-f16") ?? false;

let gpu: Promise<Gpu> | undefined;

/** The one GPU of a test file. */
export function sharedGpu(): Promise<Gpu> {
  return gpu ??= requestGpu();
}

// A device that is alive while the process ends has crashed the software driver.
Deno.test.afterAll(async () => {
  (await gpu)?.destroy();
  gpu = undefined;
});

/**
 * A test on the file's GPU, where that has the features needed; the device outlives it, so Deno can't
 * hold the test to its resources.
 */
export function gpuTest(
  name: string,
  run: (gpu: Gpu) => void | Promise<void>,
  ...needed: GPUFeatureName[]
): void {
  Deno.test({
    name,
    ignore: !available || !needed.every((feature) => adapter!.features.has(feature)),
    sanitizeOps: false,
    sanitizeResources: false,
    fn: async () => {
      const gpu = await sharedGpu();
      await run(gpu);
      gpu.check();
    },
  });
}

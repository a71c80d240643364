// Tests that need WebGPU. Where there is no adapter they are reported as ignored, never as passed.

import { type Gpu, requestGpu } from "../../src/gpu/device.ts";
import type { AdapterKind } from "../../src/gpu/plan.ts";

// `deno test` ends while the thread of the last test file does. Mesa's libEGL, which other backends
// than Vulkan load, frees that thread's memory at both occasions: one run in 200 ended with "malloc():
// unaligned fastbin chunk detected" after all tests had passed. A program has its GPU on the main
// thread, where that can't be.
if (Deno.build.os === "linux" && !Deno.env.has("DENO_WEBGPU_BACKEND")) {
  Deno.env.set("DENO_WEBGPU_BACKEND", "vulkan");
}

const adapter = await globalThis.navigator?.gpu?.requestAdapter() ?? undefined;

/** Whether this machine has an adapter of any kind. */
export const available = adapter !== undefined;

/** Both kernel families; each must be right on every adapter, whichever it is meant for. */
export const FAMILIES: readonly AdapterKind[] = ["software", "hardware"];

const gpus = new Map<AdapterKind, Promise<Gpu>>();

/** The one GPU of a test file for a kernel family. */
export function sharedGpu(kernels: AdapterKind = "software"): Promise<Gpu> {
  let gpu = gpus.get(kernels);
  if (gpu === undefined) gpus.set(kernels, gpu = requestGpu({ kernels }));
  return gpu;
}

// A device that is alive while the process ends has crashed the software driver.
Deno.test.afterAll(async () => {
  for (const gpu of gpus.values()) (await gpu).destroy();
  gpus.clear();
});

/**
 * A test on the file's GPU, where that has the features needed; the device outlives it, so Deno can't
 * hold the test to its resources.
 */
export function gpuTest(
  name: string,
  run: (gpu: Gpu) => void | Promise<void>,
  kernels: AdapterKind = "software",
  ...needed: GPUFeatureName[]
): void {
  Deno.test({
    name,
    ignore: !available || !needed.every((feature) => adapter!.features.has(feature)),
    sanitizeOps: false,
    sanitizeResources: false,
    fn: async () => {
      const gpu = await sharedGpu(kernels);
      await run(gpu);
      gpu.check();
    },
  });
}

/** The same test for both kernel families. */
export function familyTest(
  name: string,
  run: (gpu: Gpu) => void | Promise<void>,
  ...needed: GPUFeatureName[]
): void {
  for (const kernels of FAMILIES) gpuTest(`${name} (${kernels} kernels)`, run, kernels, ...needed);
}

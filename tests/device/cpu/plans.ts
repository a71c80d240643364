// Small plans for tests of the CPU device, and devices of every kind to run them on.

import type { CpuDevice } from "../../../src/device/cpu/device.ts";
import { requestCpu } from "../../../src/device/cpu/request.ts";
import { Plan } from "../../../src/graph/plan.ts";
import { persistent, type Tensor } from "../../../src/graph/tensor.ts";

/** The build for one thread, as a runtime imports it: it makes the host compute. */
export async function aloneModule(): Promise<WebAssembly.Module> {
  const url = new URL("../../../kernels/wasm/exact.wasm", import.meta.url);
  return await WebAssembly.compile(await Deno.readFile(url));
}

/** Runs a test with threads and on the host. */
export function onEachRunner(
  name: string,
  test: (device: CpuDevice) => Promise<void>,
): void {
  for (const runner of ["two threads", "the host"]) {
    Deno.test(`${name}, on ${runner}`, async () => {
      const device = runner === "the host"
        ? await requestCpu({ module: await aloneModule() })
        : await requestCpu({ threads: 2 });
      try {
        await test(device);
      } finally {
        device.destroy();
      }
    });
  }
}

/** y += x, `times` times. */
export function addPlan(size: number, times = 1): { plan: Plan; x: Tensor; y: Tensor } {
  const x = persistent("x", [size]);
  const y = persistent("y", [size]);
  const plan = new Plan();
  for (let i = 0; i < times; i++) plan.record("add", { size }, { x, y });
  return { plan, x, y };
}

/** `size` floats of one value. */
export const filled = (size: number, value: number) => new Float32Array(size).fill(value);

/** The values that occur in an array. */
export const values = (array: Float32Array) => [...new Set(array)];

// Tests that run on every device: what a plan computes may not depend on where it runs.

import { requestCpu } from "../../src/device/cpu/request.ts";
import type { Device } from "../../src/device/device.ts";
import { available, sharedGpu } from "./gpu.ts";

/** The kinds of device. */
export type Backend = Device["backend"];

/** All kinds. */
export const BACKENDS: readonly Backend[] = ["webgpu", "cpu"];

let cpu: Promise<Device> | undefined;

/** The one device of a kind in a test file. */
export function sharedDevice(backend: Backend): Promise<Device> {
  return backend === "cpu" ? cpu ??= requestCpu({ threads: 2 }) : sharedGpu();
}

Deno.test.afterAll(async () => {
  (await cpu)?.destroy();
  cpu = undefined;
});

/** A test on the CPU alone: its subject is the same on every device, and the CPU is the fastest. */
export function cpuTest(name: string, run: (device: Device) => void | Promise<void>): void {
  deviceTest(name, run, ["cpu"]);
}

/**
 * The same test on each device of the file; the devices outlive it, so Deno can't hold the test to
 * its resources.
 */
export function deviceTest(
  name: string,
  run: (device: Device) => void | Promise<void>,
  backends: readonly Backend[] = BACKENDS,
): void {
  for (const backend of backends) {
    Deno.test({
      name: `${name} (${backend})`,
      ignore: backend === "webgpu" && !available,
      sanitizeOps: false,
      sanitizeResources: false,
      fn: async () => {
        const device = await sharedDevice(backend);
        await run(device);
        device.check();
      },
    });
  }
}

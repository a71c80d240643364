/// <reference lib="dom" />
/**
 * The device that draws, in the worker.
 *
 * @module
 */
import type { CpuDevice } from "../src/device/cpu/device.ts";
import { NoGpuError } from "../src/device/errors.ts";
import { type Gpu, requestGpu } from "../src/device/webgpu/gpu.ts";
import type { DeviceFound } from "./protocol.ts";

/**
 * Takes a GPU that is one, else the CPU.
 *
 * @throws {Error} when there is neither, or the CPU's script can't be fetched
 */
export async function takeDevice(): Promise<Gpu | CpuDevice> {
  try {
    return await requestGpu({ software: false });
  } catch (error) {
    if (!(error instanceof NoGpuError)) throw error;
  }
  const script = new URL("cpu.js", import.meta.url).href;
  const { requestCpu }: typeof import("./cpu.ts") = await import(script);
  return await requestCpu();
}

/** The page's description of a device. */
export function describeDevice(device: Gpu | CpuDevice): DeviceFound {
  if (device.backend === "cpu") return { found: true, backend: "cpu", threads: device.threads };
  const { description, vendor, architecture } = device.info;
  const name = description || [vendor, architecture].filter(Boolean).join(" ");
  return { found: true, backend: "webgpu", name };
}

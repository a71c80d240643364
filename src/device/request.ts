/**
 * Chooses a device.
 *
 * @module
 */
import { checkOptions } from "../options/schema.ts";
import { type CpuOptions, requestCpu } from "./cpu/request.ts";
import { CPU_OPTIONS } from "./cpu/start.ts";
import type { Device } from "./device.ts";
import { NoGpuError } from "./errors.ts";
import { GPU_OPTIONS, type GpuOptions, requestGpu } from "./webgpu/gpu.ts";

/** Options of {@linkcode requestDevice}: its choice of a device, and the device's setup. */
export type DeviceOptions = Omit<GpuOptions, "software"> & CpuOptions;

/**
 * Asks for the best device: a GPU that is one, else the CPU. A software adapter is never better than
 * the CPU device; ask `requestGpu` for it.
 *
 * @throws {RangeError} when an option is unknown or makes no sense
 * @throws {NoCpuError} when there is neither a GPU nor WebAssembly SIMD
 */
export async function requestDevice(options: DeviceOptions = {}): Promise<Device> {
  const { software: _, ...gpuOptions } = GPU_OPTIONS;
  const { threads, memoryLimit, module, ...forGpu } = checkOptions(
    { ...gpuOptions, ...CPU_OPTIONS },
    options,
    "option",
  );
  try {
    return await requestGpu({ ...forGpu, software: false });
  } catch (error) {
    if (!(error instanceof NoGpuError)) throw error;
    return await requestCpu({ threads, memoryLimit, module });
  }
}

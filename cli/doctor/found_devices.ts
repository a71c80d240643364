/**
 * The devices of this machine, and which of them a run would take.
 *
 * @module
 */
import type { CpuDevice } from "../../src/device/cpu/device.ts";
import { requestCpu } from "../../src/device/cpu/request.ts";
import { NoGpuError } from "../../src/device/errors.ts";
import { type Gpu, requestGpu } from "../../src/device/webgpu/gpu.ts";

/** Choices of `--device`. */
export type DeviceChoice = "auto" | "gpu" | "cpu";

/** All devices that there are. */
export interface FoundDevices {
  /** The adapter that WebGPU finds, software adapters included, or the reason for none. */
  readonly gpu: Gpu | NoGpuError;
  readonly cpu: CpuDevice;
}

/** Asks for both devices. */
export async function findDevices(threads: number | undefined): Promise<FoundDevices> {
  const gpu = await requestGpu().catch((thrown) => {
    if (thrown instanceof NoGpuError) return thrown;
    throw thrown;
  });
  return { gpu, cpu: await requestCpu({ threads }) };
}

/**
 * The device that `--device` takes, as a sentence with the reason; none where there is no such
 * device.
 */
export function choose(
  choice: DeviceChoice,
  gpu: Pick<Gpu, "isSoftware"> | NoGpuError,
): { readonly takes: "gpu" | "cpu" | "none"; readonly why: string } {
  const found = gpu instanceof NoGpuError ? undefined : gpu;
  if (choice === "cpu") return { takes: "cpu", why: "--device cpu takes the CPU." };
  if (choice === "gpu") {
    return found
      ? { takes: "gpu", why: "--device gpu takes what WebGPU finds." }
      : { takes: "none", why: `--device gpu fails: ${(gpu as NoGpuError).message}` };
  }
  if (found === undefined) {
    return { takes: "cpu", why: "--device auto takes the CPU: WebGPU finds no GPU." };
  }
  return found.isSoftware
    ? {
      takes: "cpu",
      why: "--device auto takes the CPU: what WebGPU finds is software, which is slower than the " +
        "CPU device.",
    }
    : { takes: "gpu", why: "--device auto takes the GPU: it is hardware." };
}

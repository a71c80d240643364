/**
 * The flags of every command that computes.
 *
 * @module
 */
import { requestCpu } from "../../src/device/cpu/request.ts";
import type { Device } from "../../src/device/device.ts";
import { PRECISIONS } from "../../src/device/float16.ts";
import { requestDevice } from "../../src/device/request.ts";
import { requestGpu } from "../../src/device/webgpu/gpu.ts";
import { sharedThreads } from "../cluster/join.ts";
import { UsageError } from "../errors.ts";
import type { Option, Value } from "./options.ts";
import { tileMemory } from "./tile_memory.ts";

/** Which device, and how it is set up. */
export const DEVICE_OPTIONS: readonly Option[] = [
  {
    key: "device",
    type: ["auto", "gpu", "cpu"],
    help: "the device that computes: auto takes a GPU if there is one, else the CPU; gpu takes " +
      "whatever WebGPU finds, even a software adapter",
    default: "auto",
  },
  {
    key: "threads",
    type: "integer",
    help: "threads of the CPU device, 1 to 256; results don't depend on it (default: all cores, " +
      "at most 16; of a machine that processes of mpirun share, an equal part)",
  },
];

/** How a network's numbers are stored while it draws. */
export const PRECISION_OPTION: Option = {
  key: "precision",
  type: PRECISIONS,
  help:
    "f16 stores weights and activations in half precision, on a GPU with shader-f16: half the " +
    "memory, and slightly other pictures; sums stay f32 (default: f32)",
};

/** The flags of {@linkcode DEVICE_OPTIONS}. */
interface DeviceFlags {
  readonly device?: Value;
  readonly threads?: Value;
}

/**
 * How many threads flags ask for, if they do.
 *
 * @throws {UsageError} when the flags contradict each other, or `threads` is out of range
 */
export function threadsOf({ device, threads: asked }: DeviceFlags): number | undefined {
  const threads = asked === undefined ? undefined : Number(asked);
  if (threads !== undefined && device === "gpu") {
    throw new UsageError("--threads is for the CPU device: leave it out, or give --device cpu");
  }
  if (threads !== undefined && !(threads >= 1 && threads <= 256)) {
    throw new UsageError(`--threads is ${threads}: give a whole number from 1 to 256`);
  }
  return threads;
}

/**
 * A function that asks for the device that flags name.
 *
 * @throws {UsageError} when the flags contradict each other, or `threads` is out of range
 */
export function deviceRequest(flags: DeviceFlags): () => Promise<Device> {
  const { device = "auto" } = flags;
  const threads = threadsOf(flags) ?? sharedThreads();
  if (device === "gpu") return () => requestGpu({ tune: tileMemory() });
  if (device === "cpu") return () => requestCpu({ threads });
  return () => requestDevice({ threads, tune: tileMemory() });
}

/**
 * Starts a CPU device from a linked build: in threads, or on the host.
 *
 * @module
 */
import type { OptionSchema } from "../../options/schema.ts";
import { CpuDevice } from "./device.ts";
import { arithmeticOf, type Linked } from "./link.ts";
import { lowerings } from "./lowering/table.ts";
import { LinearMemory } from "./memory.ts";
import { Queue } from "./queue.ts";
import { Slices } from "./slices.ts";
import { startThreads, Threads } from "./threads.ts";
import { waysToStart } from "./worker.ts";

/** Options that don't depend on the source of the kernels. */
export interface StartOptions {
  /**
   * How many threads compute, 1 to 256. Default: as many as the machine has, at most 16; 1 where the
   * runtime has no workers that share memory. Results don't depend on it.
   */
  readonly threads?: number;
  /**
   * Bytes to which the device's memory can grow, from 1 MiB on. A larger need is a
   * `DeviceLimitError`; an edge runtime would end a program that outgrows its isolate. Default 4
   * GiB, which is all that WebAssembly reaches.
   */
  readonly memoryLimit?: number;
}

const DEFAULT_THREADS = 16;

/** Which values the options of the CPU take. */
export const CPU_OPTIONS = {
  threads: { type: "integer", minimum: 1, maximum: 256 },
  memoryLimit: { type: "number", minimum: 2 ** 20, maximum: 2 ** 32 },
  module: { type: "WebAssembly.Module" },
} as const satisfies Record<keyof StartOptions | "module", OptionSchema>;

/** Default number of threads: as many as the machine has, at most 16. */
export function defaultThreads(): number {
  return Math.min(DEFAULT_THREADS, cores());
}

function cores(): number {
  return globalThis.navigator?.hardwareConcurrency ?? coresOfNode() ?? 1;
}

/**
 * Turns of a loop that a thread waits for others before it goes to sleep. With a core for each,
 * sleeping costs more than waiting; with fewer, waiting keeps a core from the thread that is waited
 * for. docs/cpu.md has the measurements.
 */
function spinsOf(threads: number): number {
  return threads <= cores() ? 20_000 : 1_000;
}

interface NodeHost {
  readonly process?: {
    getBuiltinModule?(name: "node:os"): { availableParallelism?(): number } | undefined;
  };
}

/** Node has a `navigator` since 21 only. */
function coresOfNode(): number | undefined {
  try {
    return (globalThis as NodeHost).process?.getBuiltinModule?.("node:os")
      ?.availableParallelism?.();
  } catch {
    // A runtime with a partial `process`: as good as none.
  }
}

/** Whether threads can share memory here. The check is cheap: a page of memory. */
export function canShare(): boolean {
  if (waysToStart().length === 0) return false;
  try {
    const { buffer } = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
    return buffer instanceof SharedArrayBuffer;
  } catch {
    return false;
  }
}

/** A device whose threads compute; undefined where the runtime or a page's policy allows none. */
export async function startInThreads(
  linked: Linked,
  threads: number = defaultThreads(),
): Promise<CpuDevice | undefined> {
  const { module, exports, maximum } = linked;
  const memory = new LinearMemory(linked.memory, maximum, exports.heapBase());
  const { barrier } = memory;
  memory.words(barrier, 3)[2] = spinsOf(threads);
  const started = await startThreads({ module, memory: linked.memory, threads, barrier });
  if (started === undefined) return undefined;
  const queue = new Queue((events) => new Threads(started, events));
  return new CpuDevice(memory, queue, lowerings, arithmeticOf(exports));
}

/** A device on which the host computes. */
export function onHost({ memory: own, maximum, exports }: Linked): CpuDevice {
  const memory = new LinearMemory(own, maximum, exports.heapBase());
  const queue = new Queue((events) => new Slices(exports.run, memory.barrier, events));
  return new CpuDevice(memory, queue, lowerings, arithmeticOf(exports));
}

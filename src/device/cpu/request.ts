/**
 * Asks for the CPU.
 *
 * @module
 */
import { checkOptions, type OptionSchema } from "../../options/schema.ts";
import { arithmeticOf, compile, type Exports, link, type Sharing } from "./builds.ts";
import { CpuDevice } from "./device.ts";
import { lowerings } from "./lowering/table.ts";
import { LinearMemory, reserve } from "./memory.ts";
import { Queue } from "./queue.ts";
import { Slices } from "./slices.ts";
import { startThreads, Threads } from "./threads.ts";
import { waysToStart } from "./worker.ts";

/** How {@linkcode requestCpu} sets the CPU up. */
export interface CpuOptions {
  /**
   * How many threads compute, 1 to 256. Default: as many as the machine has, at most 16; 1 where the
   * runtime has no workers that share memory. Results don't depend on it.
   */
  readonly threads?: number;
  /**
   * The kernels, for runtimes that compile no bytes (Cloudflare's workerd): a `.wasm` file of
   * kernels/wasm that was imported as a module. Default: the build that suits the runtime.
   */
  readonly module?: WebAssembly.Module;
}

const DEFAULT_THREADS = 16;

/** Which values the options take. */
export const CPU_OPTIONS = {
  threads: { type: "integer", minimum: 1, maximum: 256 },
  module: { type: "WebAssembly.Module" },
} as const satisfies Record<keyof CpuOptions, OptionSchema>;

/** A build with a memory. */
interface Linked {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly maximum: number;
  readonly exports: Exports;
}

/**
 * Asks for the CPU. Where the runtime has workers that can share memory, they compute, and the host's
 * event loop stays free; else the host computes in short slices.
 *
 * @throws {RangeError} when an option is unknown or makes no sense
 * @throws {Error} when the runtime has no WebAssembly SIMD or compiles none, or `module` is another's
 */
export async function requestCpu(options: CpuOptions = {}): Promise<CpuDevice> {
  const { threads, module } = checkOptions(CPU_OPTIONS, options, "option");
  if (canShare()) {
    const linked = module ? await tryLink(module, "threads") : await build("threads");
    const device = linked && await threaded(linked, threads ?? defaultThreads());
    if (device) return device;
  }
  const linked = module ? await tryLink(module, "alone") : await build("alone");
  if (linked === undefined) {
    throw new Error(
      module
        ? "module is not a build of kernels/wasm that this runtime can run"
        : "This runtime has no WebAssembly SIMD, which the CPU device needs",
    );
  }
  const { exports } = linked;
  const memory = new LinearMemory(linked.memory, linked.maximum, exports.heapBase());
  const queue = new Queue((events) => new Slices(exports.run, memory.barrier, events));
  return new CpuDevice(memory, queue, lowerings, arithmeticOf(exports));
}

/** How many threads compute where nobody says: as many as the machine has, at most 16. */
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

/** Whether threads can share memory here. Asking costs nothing: a page of memory. */
function canShare(): boolean {
  if (waysToStart().length === 0) return false;
  try {
    const { buffer } = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
    return buffer instanceof SharedArrayBuffer;
  } catch {
    return false;
  }
}

/** The fused build where multiply-add is fused on this machine, else the exact one. */
async function build(sharing: Sharing): Promise<Linked | undefined> {
  for (const arithmetic of ["fused", "exact"] as const) {
    const module = await compile(sharing, arithmetic);
    const linked = module && await linkWith(module, sharing);
    if (linked && arithmeticOf(linked.exports) === arithmetic) return linked;
  }
}

async function linkWith(module: WebAssembly.Module, sharing: Sharing): Promise<Linked> {
  const { memory, maximum } = reserve(sharing === "threads");
  return { module, memory, maximum, exports: await link(module, memory) };
}

/** A module says nowhere whether its memory is shared, but it links to one kind only. */
async function tryLink(
  module: WebAssembly.Module,
  sharing: Sharing,
): Promise<Linked | undefined> {
  try {
    const linked = await linkWith(module, sharing);
    return "heapBase" in linked.exports ? linked : undefined;
  } catch (error) {
    if (error instanceof WebAssembly.LinkError || error instanceof TypeError) return undefined;
    throw error;
  }
}

async function threaded(linked: Linked, threads: number): Promise<CpuDevice | undefined> {
  const { module, exports, maximum } = linked;
  const memory = new LinearMemory(linked.memory, maximum, exports.heapBase());
  const { barrier } = memory;
  memory.words(barrier, 3)[2] = spinsOf(threads);
  const started = await startThreads({ module, memory: linked.memory, threads, barrier });
  if (started === undefined) return undefined;
  const queue = new Queue((events) => new Threads(started, events));
  return new CpuDevice(memory, queue, lowerings, arithmeticOf(exports));
}

/**
 * The CPU as a device: one memory, and threads that run tapes in it.
 *
 * @module
 */
import type { Plan } from "../../graph/plan.ts";
import type { Storage, Tensor } from "../../graph/tensor.ts";
import type { Device, DeviceData, Input, Program } from "../device.ts";
import { expectF16 } from "../float16.ts";
import { readableStorage, writableStorage } from "../host_access.ts";
import { DeviceLimitError, DeviceLostError } from "../errors.ts";
import type { LinearMemory } from "./memory.ts";
import type { Lowerings } from "./layout.ts";
import { CpuProgram, type Parts } from "./program.ts";
import type { Queue } from "./queue.ts";
import { Storages } from "./storages.ts";
import { Transfers } from "./transfers.ts";

/**
 * How kernels add products: by a fused multiply-add, which rounds once, or by IEEE 754's separate
 * multiplication and addition. Equal arithmetic gives results that are equal to the bit.
 */
export type Arithmetic = "fused" | "exact";

/** The CPU. Made by `requestCpu`. */
export class CpuDevice implements Device {
  /** Which kind of device it is. */
  readonly backend = "cpu";
  /** Parameters are always f32 here. */
  readonly supportsF16 = false;
  /** How products are added up. */
  readonly arithmetic: Arithmetic;
  /** How many threads compute. */
  readonly threads: number;
  #parts: Parts;

  /** Use `requestCpu`. */
  constructor(memory: LinearMemory, queue: Queue, lowerings: Lowerings, arithmetic: Arithmetic) {
    const storages = new Storages(memory, queue);
    const transfers = new Transfers(memory, queue, lowerings.copy);
    this.#parts = { memory, queue, storages, transfers, lowerings };
    this.arithmetic = arithmetic;
    this.threads = queue.threads;
  }

  /** Description for people: threads and arithmetic. */
  get description(): string {
    const threads = this.threads === 1 ? "1 thread" : `${this.threads} threads`;
    const sums = this.arithmetic === "fused" ? "with" : "without";
    return `CPU, ${threads}, WebAssembly SIMD ${sums} fused multiply-add`;
  }

  /** The computing device, as files record it. */
  get provenance(): string {
    return `cpu ${this.arithmetic}`;
  }

  /** Bytes held at this moment. */
  get bytes(): number {
    return this.#parts.memory.bytes;
  }

  /**
   * Compiles a plan for replay.
   *
   * @internal
   * @throws {DeviceLimitError} when there is no memory for it
   */
  async compile<Phase extends string>(plan: Plan<Phase>): Promise<Program<Phase>> {
    this.check();
    if (plan.activations === "f16") expectF16(this);
    try {
      return new CpuProgram(this.#parts, plan);
    } catch (error) {
      if (!(error instanceof DeviceLimitError) || this.#parts.queue.idle) throw error;
      // Memory freed while jobs are in flight is free only after them.
      await this.idle();
      return new CpuProgram(this.#parts, plan);
    }
  }

  /**
   * Queues a write.
   *
   * @internal
   */
  write(tensor: Tensor, data: DeviceData): void {
    this.check();
    writableStorage(tensor, data);
    const { storages, transfers } = this.#parts;
    transfers.write(storages.addressOf(tensor), data);
  }

  /**
   * Queues replays of a program, each after its own writes.
   *
   * @internal
   */
  replay<Phase extends string>(
    program: Program<Phase>,
    phases: readonly Phase[],
    steps: readonly (readonly Input[])[],
  ): void {
    for (const inputs of steps) {
      for (const [tensor, data] of inputs) this.write(tensor, data);
      program.run(phases);
    }
  }

  /**
   * Reads a tensor after all work queued so far.
   *
   * @internal
   */
  // It is async so that errors are rejections, as on a GPU.
  // deno-lint-ignore require-await
  async read(tensor: Tensor): Promise<Float32Array<ArrayBuffer>> {
    this.check();
    readableStorage(tensor);
    const { storages, transfers } = this.#parts;
    return transfers.read(storages.addressOf(tensor), tensor.size);
  }

  /**
   * Frees the memory of storages.
   *
   * @internal
   */
  release(...storages: readonly Storage[]): void {
    const { queue, storages: held, transfers } = this.#parts;
    if (queue.closed) return;
    // A write that waits would reach whoever gets the memory next.
    transfers.flush();
    held.release(storages);
  }

  /** Waits for all work queued so far. */
  async idle(): Promise<void> {
    this.check();
    this.#parts.transfers.flush();
    await this.#parts.queue.finished();
  }

  /** Throws the device's fault, if it has one; the device is unusable then. */
  check(): void {
    this.#parts.queue.check();
  }

  /** Ends its threads and frees all its memory. */
  destroy(): void {
    const { queue, memory } = this.#parts;
    queue.close(new DeviceLostError("The CPU device was destroyed"));
    memory.destroy();
  }
}

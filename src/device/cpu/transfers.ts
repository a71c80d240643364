/**
 * Writes and reads in their place among the jobs.
 *
 * @module
 */
import { temporary, type Tensor } from "../../graph/tensor.ts";
import type { DeviceData } from "../device.ts";
import type { LinearMemory } from "./memory.ts";
import type { Queue } from "./queue.ts";
import { type PhasedEntry, tapeBytes, writeTape } from "./tape.ts";
import type { Lowering } from "./tape_entry.ts";

/** Copies `words` numbers of 4 bytes between two addresses. */
interface Copy {
  readonly from: number;
  readonly to: number;
  readonly words: number;
}

/**
 * Moves data in and out of a device's memory. While jobs are in flight it goes through staging
 * memory, and copies become a job of their own; else the host copies.
 */
export class Transfers {
  #memory: LinearMemory;
  #queue: Queue;
  #lowering: Lowering<"copy">;
  /** Writes that no job has copied yet. They become one job, before the next that can need them. */
  #pending: Copy[] = [];

  constructor(memory: LinearMemory, queue: Queue, lowering: Lowering<"copy">) {
    this.#memory = memory;
    this.#queue = queue;
    this.#lowering = lowering;
  }

  /** Queues a write of numbers of 4 bytes; `data` can change as soon as this returns. */
  write(address: number, data: DeviceData): void {
    this.#queue.check();
    if (this.#queue.idle) {
      this.flush();
      this.#memory.set(address, data);
      return;
    }
    const from = this.#memory.allocate(data.byteLength, "staging");
    this.#memory.set(from, data);
    this.#pending.push({ from, to: address, words: data.length });
  }

  /** Queues a read of `words` floats. */
  async read(address: number, words: number): Promise<Float32Array<ArrayBuffer>> {
    this.#queue.check();
    this.flush();
    if (this.#queue.idle) return this.#memory.floats(address, words);
    const staging = this.#memory.allocate(words * 4, "staging");
    this.#copy([{ from: address, to: staging, words }]);
    await this.#queue.finished();
    const floats = this.#memory.floats(staging, words);
    this.#memory.free(staging);
    return floats;
  }

  /** Queues the waiting writes, in front of the next job. */
  flush(): void {
    const pending = this.#pending;
    if (pending.length === 0) return;
    this.#pending = [];
    if (this.#queue.idle) {
      for (const { from, to, words } of pending) this.#memory.move(from, to, words * 4);
      for (const { from } of pending) this.#memory.free(from);
    } else this.#copy(pending, pending.map(({ from }) => from));
  }

  /** Queues copies as a job, after which the memory at `spent` is free. */
  #copy(copies: readonly Copy[], spent: readonly number[] = []): void {
    const addresses = new Map<Tensor, number>();
    const entries = copies.flatMap(({ from, to, words: size }): PhasedEntry[] => {
      const x = temporary(size);
      const y = temporary(size);
      addresses.set(x, from).set(y, to);
      return this.#lowering({ size }, { x, y }).map((entry) => ({ entry, phase: 1, cost: 10_000 }));
    });
    const bytes = tapeBytes(entries);
    const tape = this.#memory.allocate(bytes, "a tape");
    writeTape(this.#memory.words(tape, bytes / 4), entries, (tensor) => addresses.get(tensor)!);
    const job = { tape, count: entries.length, phases: 1, scratch: 0, scratchEach: 0 };
    this.#queue.submit({ ...job, timed: false }, () => {
      for (const address of [tape, ...spent]) this.#memory.free(address);
    });
  }
}

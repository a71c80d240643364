/**
 * A plan made ready for the CPU: a tape, its activations, and scratch memory. Replaying it sends one
 * message to each thread.
 *
 * @module
 */
import { operationBytes, operationFlops } from "../../graph/flops.ts";
import type { OpName } from "../../graph/ops.ts";
import type { Operation, Plan } from "../../graph/plan.ts";
import type { Storage } from "../../graph/tensor.ts";
import type { OperationProfile, Program } from "../device.ts";
import { layOut, type Lowerings, phaseBits } from "./layout.ts";
import type { LinearMemory } from "./memory.ts";
import type { Queue } from "./queue.ts";
import type { Job, Times } from "./runner.ts";
import type { Storages } from "./storages.ts";
import { writeTape } from "./tape.ts";
import type { Transfers } from "./transfers.ts";

/** Parts of its device that a program uses. */
export interface Parts {
  readonly memory: LinearMemory;
  readonly queue: Queue;
  readonly storages: Storages;
  readonly transfers: Transfers;
  readonly lowerings: Lowerings;
}

/** A plan that can be replayed on the CPU. */
export class CpuProgram<Phase extends string> implements Program<Phase> {
  #parts: Parts;
  #phases: readonly Phase[];
  #operations: readonly Operation<OpName, Phase>[];
  /** Which operation each entry of the tape belongs to. */
  #operationOf: readonly number[];
  #job: Omit<Job, "phases" | "timed">;
  /** Memory that goes with the program. */
  #owned: number[] = [];
  /** Every storage of the plan, by a tensor that begins where it does, and its address. */
  #addresses = new Map<Storage, number>();

  /**
   * Lowers a plan and finds room for it.
   *
   * @throws {DeviceLimitError} when there is none; nothing is held then
   */
  constructor(parts: Parts, plan: Plan<Phase>) {
    this.#parts = parts;
    this.#phases = plan.phases;
    this.#operations = [...plan.operations];
    const layout = layOut(plan, parts.lowerings);
    const { entries, offsets, scratchEach } = layout;
    this.#operationOf = entries.map(({ operation }) => operation);
    const { storages, memory } = parts;
    const added = new Set<Storage>();
    try {
      for (const [storage, tensor] of layout.storages) {
        if (!storages.has(storage)) added.add(storage);
        this.#addresses.set(storage, storages.addressOf({ ...tensor, offset: 0 }));
      }
      const activations = this.#own(layout.activations, "activations");
      const scratch = this.#own(scratchEach * parts.queue.threads, "scratch");
      const tape = this.#own(layout.tape, "a tape");
      writeTape(
        memory.words(tape, layout.tape / 4),
        entries,
        (tensor) =>
          tensor.storage
            ? this.#addresses.get(tensor.storage)! + tensor.offset * 4
            : activations + offsets.get(tensor)!,
      );
      this.#job = { tape, count: entries.length, scratch, scratchEach };
    } catch (error) {
      this.#freeOwned();
      storages.release(added);
      throw error;
    }
  }

  #own(bytes: number, label: string): number {
    if (bytes === 0) return 0;
    const address = this.#parts.memory.allocate(bytes, label);
    this.#owned.push(address);
    return address;
  }

  #freeOwned(): void {
    const { memory, queue } = this.#parts;
    for (const address of this.#owned) memory.freeLater(address, (free) => queue.afterAll(free));
    this.#owned = [];
  }

  run(phases: readonly Phase[] = this.#phases): void {
    this.#submit(phases, false);
  }

  async profile(phases: readonly Phase[] = this.#phases): Promise<OperationProfile[]> {
    this.#submit(phases, true);
    const times = await this.#parts.queue.finished();
    return this.#profiles(phases, times!);
  }

  #submit(phases: readonly Phase[], timed: boolean): void {
    const { queue, storages, transfers } = this.#parts;
    const bits = phaseBits(this.#phases, phases);
    queue.check();
    if (this.#owned.length === 0 && this.#job.count > 0) {
      throw new Error("Cannot run a program that was destroyed");
    }
    for (const storage of this.#addresses.keys()) {
      if (!storages.has(storage)) throw new Error(`Cannot run: ${storage.name} was released`);
    }
    transfers.flush();
    queue.submit({ ...this.#job, phases: bits, timed });
  }

  #profiles(phases: readonly Phase[], times: Times): OperationProfile[] {
    const profiles = new Map<OpName, Omit<OperationProfile, "name">>();
    const milliseconds = this.#operations.map(() => 0);
    this.#operationOf.forEach((operation, entry) => milliseconds[operation] += times[entry]);
    this.#operations.forEach((operation, index) => {
      if (!phases.includes(operation.phase)) return;
      const { name } = operation;
      const before = profiles.get(name) ?? { count: 0, milliseconds: 0, flops: 0, bytes: 0 };
      profiles.set(name, {
        count: before.count + 1,
        milliseconds: before.milliseconds + milliseconds[index],
        flops: before.flops + operationFlops(operation),
        bytes: before.bytes + operationBytes(operation),
      });
    });
    return [...profiles].map(([name, profile]) => ({ name, ...profile }))
      .sort((a, b) => b.milliseconds - a.milliseconds);
  }

  destroy(): void {
    this.#freeOwned();
    const constants = [...this.#addresses.keys()].filter(({ contents }) => contents);
    this.#parts.storages.release(constants);
  }
}

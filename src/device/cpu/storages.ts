/**
 * Places of storages in a CPU device's memory.
 *
 * @module
 */
import type { Storage, Tensor } from "../../graph/tensor.ts";
import type { LinearMemory } from "./memory.ts";
import type { Queue } from "./queue.ts";

/** Addresses of storages; each gets its memory on first use. */
export class Storages {
  #memory: LinearMemory;
  #queue: Queue;
  #addresses = new Map<Storage, number>();

  constructor(memory: LinearMemory, queue: Queue) {
    this.#memory = memory;
    this.#queue = queue;
  }

  /** Whether a storage has memory. */
  has(storage: Storage): boolean {
    return this.#addresses.has(storage);
  }

  /**
   * Address of a tensor that has a storage, which at first holds its contents or zeros.
   *
   * @throws {DeviceLimitError} when there is no memory for it
   */
  addressOf({ storage, offset }: Tensor): number {
    if (storage === undefined) throw new RangeError("An activation has no address: it is pooled");
    let address = this.#addresses.get(storage);
    if (address === undefined) {
      const { bytes, name, type, contents } = storage;
      if (type === "f16") throw new RangeError(`The CPU device can't hold ${name} as f16`);
      address = this.#memory.allocateZeros(bytes, name);
      // No job in flight uses the memory, so this needs no place in the queue.
      if (contents) this.#memory.set(address, contents);
      this.#addresses.set(storage, address);
    }
    return address + offset * 4;
  }

  /** Frees the memory of storages when the jobs in flight are done. */
  release(storages: Iterable<Storage>): void {
    for (const storage of storages) {
      const address = this.#addresses.get(storage);
      if (address === undefined) continue;
      this.#addresses.delete(storage);
      this.#memory.freeLater(address, (free) => this.#queue.afterAll(free));
    }
  }
}

/**
 * The sum of the gradients of all parts of a batch, wherever they were computed.
 *
 * @module
 */
import type { Peers } from "./peers.ts";

/** Numbers that are added before the next ones: they stay in the processor's cache. */
const BLOCK = 4096;

/**
 * Adds up what processes compute, in the order of the parts: that of one process which computes all
 * parts, so the sum has its bits. Each process adds a slice of all gradients, and has the traffic of
 * a ring: it sends and gets nearly all of them once for each part, and once more for the sum.
 */
export class GradientSum {
  readonly #slice: number;
  readonly #padded: Float32Array<ArrayBuffer>;
  readonly #slices: Float32Array<ArrayBuffer>;
  readonly #sum: Float32Array<ArrayBuffer>;
  #partials: Float32Array<ArrayBuffer> | undefined;

  /** @param size numbers of the gradients */
  constructor(readonly peers: Peers, readonly size: number) {
    this.#slice = Math.ceil(size / peers.size);
    this.#padded = new Float32Array(this.#slice * peers.size);
    this.#slices = new Float32Array(this.#padded.length);
    this.#sum = new Float32Array(this.#slice);
  }

  /**
   * Adds the next part of every process.
   *
   * @param gradients of this process's part
   * @param partials partial sums of its loss
   */
  async add(
    gradients: Float32Array<ArrayBuffer>,
    partials: Float32Array<ArrayBuffer>,
  ): Promise<void> {
    this.#padded.set(gradients);
    await this.peers.exchange(this.#padded, this.#slices);
    const losses = await this.peers.gather(partials);
    const first = this.#partials === undefined;
    this.#partials ??= new Float32Array(partials.length);
    addInOrder(this.#sum, this.#slices, first);
    addInOrder(this.#partials, losses, first);
  }

  /** Returns the sums, which are good until the next part is added, and starts over. */
  async take(): Promise<{
    readonly gradients: Float32Array<ArrayBuffer>;
    readonly partials: Float32Array<ArrayBuffer>;
  }> {
    const all = await this.peers.gather(this.#sum, this.#slices);
    const partials = this.#partials!;
    this.#partials = undefined;
    return { gradients: all.subarray(0, this.size), partials };
  }
}

/** Adds terms of the sum's length, one after the other; the first one can replace the sum. */
function addInOrder(sum: Float32Array, terms: Float32Array, replace: boolean): void {
  const length = sum.length;
  for (let begin = 0; begin < length; begin += BLOCK) {
    const end = Math.min(begin + BLOCK, length);
    let at = 0;
    if (replace) {
      sum.set(terms.subarray(begin, end), begin);
      at = length;
    }
    for (; at < terms.length; at += length) {
      for (let i = begin; i < end; i++) sum[i] += terms[at + i];
    }
  }
}

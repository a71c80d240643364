/**
 * Which images make up each training step. Pure.
 *
 * Nothing here has a state that matters: the batch of step s follows from the seed, s, the batch
 * size and the number of images, so resuming a run needs the step number only. Each step computes a
 * part of the next epoch's order: the order of a million images takes longer than a step can wait.
 * @module
 */
import { hash32 } from "./hash.ts";

/** Sets these draws apart from those of flips and crops. */
const ORDER = 1;

/**
 * The order in which an epoch goes through the images: a random permutation of 0..count-1, the
 * same on every machine.
 *
 * @throws {RangeError} when an argument isn't an integer, or `epoch` or `count` is negative
 */
export function epochOrder(seed: number, epoch: number, count: number): Uint32Array {
  checkInteger("seed", seed);
  checkInteger("epoch", epoch, 0);
  checkInteger("count", count, 0);
  return new Shuffle(seed, epoch, count).finished();
}

/** Fisher and Yates's shuffle, which can be done in parts. */
class Shuffle {
  readonly #order: Uint32Array;
  /** The last place that isn't settled yet. */
  #place: number;

  constructor(readonly seed: number, readonly epoch: number, count: number) {
    this.#order = new Uint32Array(count);
    for (let i = 0; i < count; i++) this.#order[i] = i;
    this.#place = count - 1;
  }

  /** Settles as many places more, at most. */
  advance(places: number): void {
    const order = this.#order;
    const end = Math.max(0, this.#place - places);
    for (let i = this.#place; i > end; i--) {
      const j = Math.floor(hash32(ORDER, this.seed, this.epoch, i) / 2 ** 32 * (i + 1));
      const image = order[i];
      order[i] = order[j];
      order[j] = image;
    }
    this.#place = Math.max(0, end);
  }

  finished(): Uint32Array {
    this.advance(this.#order.length);
    return this.#order;
  }
}

/** Options of a stream of batches. */
export interface BatchOptions {
  /** Any integer. */
  readonly seed: number;
  /** B, images a step; can be larger than `count`. */
  readonly batchSize: number;
  /** How many images there are. */
  readonly count: number;
}

/**
 * The images of each step. Examples run through epoch after epoch without a gap, so a batch can
 * take the end of one epoch and the start of the next, and no image is left out.
 *
 * @example
 * ```ts
 * const stream = new BatchStream({ seed: 0, batchSize: 32, count: 118 });
 * const indices = stream.indices(1000); // the same whether or not steps 0..999 were asked for
 * ```
 */
export class BatchStream {
  readonly #options: BatchOptions;
  /** The last orders used and the next one, by epoch; only spares work. */
  readonly #orders = new Map<number, Shuffle>();

  /**
   * Nothing is computed before the first step.
   *
   * @throws {RangeError} when the seed isn't an integer, or the batch size or the count isn't a
   * positive one
   */
  constructor(options: BatchOptions) {
    checkInteger("seed", options.seed);
    checkInteger("batchSize", options.batchSize, 1);
    checkInteger("count", options.count, 1);
    this.#options = { ...options };
  }

  /**
   * The images of one step.
   *
   * @param step counted from 0
   * @returns (B), indices into the set
   * @throws {RangeError} when `step` isn't an integer of 0 or more
   */
  indices(step: number): Uint32Array {
    checkInteger("step", step, 0);
    const { batchSize, count } = this.#options;
    const out = new Uint32Array(batchSize);
    for (let i = 0; i < batchSize; i++) {
      const position = step * batchSize + i;
      out[i] = this.#order(Math.floor(position / count)).finished()[position % count];
    }
    // Twice the work that the next epoch needs to be ready in time.
    this.#order(Math.floor((step + 1) * batchSize / count) + 1).advance(2 * batchSize);
    return out;
  }

  #order(epoch: number): Shuffle {
    const known = this.#orders.get(epoch);
    if (known) return known;
    const order = new Shuffle(this.#options.seed, epoch, this.#options.count);
    // Enough for a batch across the edge of an epoch, and the epoch after it.
    if (this.#orders.size >= 3) this.#orders.delete(this.#orders.keys().next().value!);
    this.#orders.set(epoch, order);
    return order;
  }
}

function checkInteger(name: string, value: number, least = -Infinity): void {
  if (Number.isSafeInteger(value) && value >= least) return;
  const bound = least === -Infinity ? "an integer" : `an integer of ${least} or more`;
  throw new RangeError(`Cannot order batches with ${name} ${value}: it must be ${bound}`);
}

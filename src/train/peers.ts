/**
 * Processes that train one network together, each on its share of every batch.
 *
 * @module
 */
import { ConfigError } from "../model/config.ts";
import type { TrainOptions } from "./options.ts";

/**
 * A group of processes of the same program. They make the same calls in the same order, each with
 * arrays of the same length, and every call waits for all.
 */
export interface Peers {
  /** The number of this process, from 0. */
  readonly rank: number;
  /** How many processes there are. */
  readonly size: number;
  /** The number of this process among those on its machine, from 0. */
  readonly localRank: number;
  /** All of them, in words. */
  readonly description: string;

  /**
   * Sends each process its piece of `values`, which are cut into `size` equal pieces in the order of
   * ranks.
   *
   * @param into gets the pieces for this process, in the order of ranks; as long as `values`
   */
  exchange(values: Float32Array<ArrayBuffer>, into: Float32Array<ArrayBuffer>): Promise<void>;

  /**
   * Collects all processes' values, in the order of ranks.
   *
   * @param into gets them; by default a new array
   * @returns `into`
   */
  gather(
    values: Float32Array<ArrayBuffer>,
    into?: Float32Array<ArrayBuffer>,
  ): Promise<Float32Array<ArrayBuffer>>;

  /** Returns the bytes of rank 0, which alone has to give some. */
  broadcast(bytes?: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>>;
}

/** A process of its own. */
export const ALONE: Peers = {
  rank: 0,
  size: 1,
  localRank: 0,
  description: "one process",
  exchange: (values, into) => Promise.resolve(into.set(values)),
  gather: (values, into = new Float32Array(values.length)) => {
    into.set(values);
    return Promise.resolve(into);
  },
  broadcast: (bytes = new Uint8Array()) => Promise.resolve(bytes),
};

/**
 * The options of a step, with the parts of its batch over all processes as `accumulate`.
 *
 * @throws {ConfigError} when the parts would not be of one size
 */
export function cutAmong({ size }: Peers, options: TrainOptions): TrainOptions {
  const { batchSize, accumulate } = options;
  if (batchSize % (size * accumulate) === 0) return { ...options, accumulate: size * accumulate };
  throw new ConfigError(
    `batchSize ${batchSize} can't be cut for ${size} processes with accumulate ${accumulate}: ` +
      `expected a multiple of ${size * accumulate}`,
  );
}

/**
 * The places in a batch of the examples that a process trains on, in the order of its parts. A batch
 * has `accumulate` parts for each process; they take them in turn.
 */
export function placesOf(
  { rank, size }: Pick<Peers, "rank" | "size">,
  { batchSize, accumulate }: Pick<TrainOptions, "batchSize" | "accumulate">,
): number[] {
  const part = batchSize / (size * accumulate);
  return Array.from({ length: accumulate * part }, (_, i) => {
    const turn = Math.floor(i / part);
    return (turn * size + rank) * part + i % part;
  });
}

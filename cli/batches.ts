/**
 * A run's images as the arrays that training and validation take.
 *
 * @module
 */
import { BatchStream, fillBatch } from "../src/data/batches.ts";
import type { ImageSet } from "../src/data/dataset.ts";

/** Images of one validation pass at a time: few, so that it can be stopped soon. */
const VALID_BATCH = 16;

/** The batch of each step; it follows from the seed and the step alone. */
export class TrainingBatches {
  readonly #stream: BatchStream;
  readonly #batch: Float32Array<ArrayBuffer>;
  #step = -1;

  constructor(
    readonly set: ImageSet,
    readonly options: { readonly seed: number; readonly batchSize: number; readonly flip: boolean },
  ) {
    const { seed, batchSize } = options;
    this.#stream = new BatchStream({ seed, batchSize, count: set.count });
    this.#batch = new Float32Array(batchSize * 3 * set.imageSize ** 2);
  }

  /** The batch of a step, counted from 0; overwritten by the next call for another step. */
  at(step: number): Float32Array<ArrayBuffer> {
    if (step !== this.#step) {
      const { seed, flip } = this.options;
      const indices = this.#stream.indices(step);
      fillBatch(this.set, indices, this.#batch, flip ? { seed, step } : undefined);
      this.#step = step;
    }
    return this.#batch;
  }
}

/**
 * The images to validate on, in batches: `limit` at most, spread evenly over the set.
 *
 * @param onBatch called before each batch with the images done; what it throws stops the pass
 */
export function* validationBatches(
  set: ImageSet,
  limit: number,
  onBatch: (done: number, total: number) => void,
): Generator<Float32Array<ArrayBuffer>> {
  const total = Math.min(limit, set.count);
  for (let first = 0; first < total; first += VALID_BATCH) {
    onBatch(first, total);
    const length = Math.min(VALID_BATCH, total - first);
    const indices = Array.from(
      { length },
      (_, i) => Math.floor((first + i) * set.count / total),
    );
    const batch = new Float32Array(length * 3 * set.imageSize ** 2);
    fillBatch(set, indices, batch);
    yield batch;
  }
}

/**
 * A run's images, or clips, as the arrays that training and validation take.
 *
 * @module
 */
import { type PictureConfig, pictureSize } from "../model/example.ts";
import { BatchStream } from "../data/batches.ts";
import type { ImageSet } from "../data/dataset.ts";
import { type Augmentation, fillBatch, windowStart } from "../data/fill_batch.ts";
import { contextOf } from "../diffusion/context.ts";
import type { DrawnConfig } from "../model/example.ts";

/** Images of one validation pass at a time: few, so that it can be stopped soon. */
const VALID_BATCH = 16;

/** Steps ahead that images are read for while the device works: enough to sit out a slow read. */
const AHEAD = 4;

/** The images of one training step, or of one pass of validation. */
export interface TrainingBatch {
  /** (B, C, H, W), of clips (B, C, T, H, W), in [-1, 1]. */
  readonly images: Float32Array<ArrayBuffer>;
  /** (B), classes; only where the set is labeled. */
  readonly labels?: Uint32Array<ArrayBuffer>;
}

/** How the batches of a run are made. */
export interface TrainingBatchOptions {
  readonly seed: number;
  /** B. */
  readonly batchSize: number;
  /** Their shape, no larger than the set's images. */
  readonly picture: PictureConfig;
  readonly flip: boolean;
  /** Steps of the whole run: nothing is read beyond. */
  readonly steps: number;
  /** The places in a batch of the examples to make; all by default. */
  readonly places?: readonly number[];
}

/** The batch of each step; it follows from the seed and the step alone. */
export class TrainingBatches {
  readonly #stream: BatchStream;
  readonly #ahead = new Map<number, Promise<TrainingBatch>>();
  #waited = 0;

  constructor(readonly set: ImageSet, readonly options: TrainingBatchOptions) {
    const { seed, batchSize } = options;
    this.#stream = new BatchStream({ seed, batchSize, count: set.count });
  }

  /** The batch of a step, counted from 0; those of the next steps are read in the meantime. */
  async at(step: number): Promise<TrainingBatch> {
    for (const known of this.#ahead.keys()) if (known < step) this.#ahead.delete(known);
    const end = Math.min(step + AHEAD + 1, Math.max(this.options.steps, step + 1));
    for (let next = step; next < end; next++) {
      if (this.#ahead.has(next)) continue;
      const batch = this.#make(next);
      // It is reported when, and if, its step comes.
      batch.catch(() => {});
      this.#ahead.set(next, batch);
    }
    const start = performance.now();
    try {
      return await this.#ahead.get(step)!;
    } finally {
      this.#waited += performance.now() - start;
    }
  }

  /** Milliseconds that {@linkcode at} has made its caller wait for since this was last asked. */
  takeWait(): number {
    const waited = this.#waited;
    this.#waited = 0;
    return waited;
  }

  async #make(step: number): Promise<TrainingBatch> {
    const { seed, picture, flip } = this.options;
    const all = this.#stream.indices(step);
    const { places = Array.from(all.keys()) } = this.options;
    const indices = Uint32Array.from(places, (place) => all[place]);
    const chance = { seed, step, flip, places };
    const starts = startsOf(this.set, indices, (room, i) => windowStart(chance, places[i], room));
    const bytes = await this.set.read(indices, starts);
    return {
      images: filled(this.set, bytes, places.length, picture, chance),
      labels: labelsAt(this.set, indices),
    };
  }
}

/** The frames that windows of clips begin with; undefined of images. */
function startsOf(
  { room }: ImageSet,
  indices: ArrayLike<number>,
  choose: (room: number, place: number) => number,
): Uint32Array | undefined {
  return room && Uint32Array.from(indices, (index, i) => choose(room[index], i));
}

/** Stored bytes as a batch. */
function filled(
  { imageSize: stored, frames = 1 }: ImageSet,
  bytes: Uint8Array,
  count: number,
  picture: PictureConfig,
  chance?: Augmentation,
): Float32Array<ArrayBuffer> {
  const images = new Float32Array(count * frames * pictureSize(picture));
  fillBatch(bytes, stored, images, picture, chance, frames);
  return images;
}

function labelsAt({ labels }: ImageSet, indices: ArrayLike<number>) {
  return labels && Uint32Array.from(indices, (index) => labels[index]);
}

/**
 * The images to validate on, in batches: `limit` at most, spread evenly over the set; of clips the
 * middle frames.
 *
 * @param picture shape of the images: larger stored ones are cut to their center
 * @param onBatch called before each batch with the images done; its errors stop the pass
 */
export async function* validationBatches(
  set: ImageSet,
  picture: PictureConfig,
  limit: number,
  onBatch: (done: number, total: number) => void,
): AsyncGenerator<TrainingBatch> {
  const total = Math.min(limit, set.count);
  for (let first = 0; first < total; first += VALID_BATCH) {
    onBatch(first, total);
    const length = Math.min(VALID_BATCH, total - first);
    const indices = Array.from(
      { length },
      (_, i) => Math.floor((first + i) * set.count / total),
    );
    yield await middles(set, indices, picture);
  }
}

/** Images of a set, of clips the middle frames. */
async function middles(
  set: ImageSet,
  indices: readonly number[],
  picture: PictureConfig,
): Promise<TrainingBatch> {
  const starts = startsOf(set, indices, (room) => Math.floor(room / 2));
  const bytes = await set.read(indices, starts);
  return { images: filled(set, bytes, indices.length, picture), labels: labelsAt(set, indices) };
}

/** The beginnings of clips for samples to continue. */
export interface Contexts {
  /** (count, C, N, H, W), in [-1, 1]. */
  readonly context: Float32Array<ArrayBuffer>;
  /** (count), the clips' classes; only where the set is labeled. */
  readonly labels?: Uint32Array<ArrayBuffer>;
}

/**
 * The beginnings of clips: the first `count` of `most`, which are spread evenly over the set, or where
 * it has fewer, begin with its first again.
 */
export async function validationContexts(
  set: ImageSet,
  config: DrawnConfig,
  count: number,
  most: number,
): Promise<Contexts> {
  const spread = Math.min(most, set.count);
  const indices = Array.from(
    { length: count },
    (_, i) => Math.floor((i % spread) * set.count / spread),
  );
  const { images, labels } = await middles(set, indices, config);
  return { context: contextOf(config, images), labels };
}

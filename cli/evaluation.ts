/**
 * What `rin eval` measures, step by step.
 *
 * @module
 */
import type { Splits } from "../src/data/dataset.ts";
import type { Rin, SampleOptions } from "../src/diffusion/rin.ts";
import {
  compare,
  type Comparison,
  FeatureSet,
  type FeatureSpace,
} from "../src/eval/feature_set.ts";
import { frechetDistance } from "../src/eval/frechet.ts";
import { lossByNoise, type NoiseLevel } from "../src/eval/noise_levels.ts";
import { scattering } from "../src/eval/scattering.ts";
import type { TrainOptions } from "../src/train/options.ts";
import { validationBatches } from "./batches.ts";
import { Interrupted } from "./errors.ts";
import { type DataSettings, loadData } from "./load_data.ts";
import type { Terminal } from "./terminal.ts";

/** What to measure, and how. */
export interface EvaluationParts {
  readonly rin: Rin;
  readonly data: DataSettings;
  readonly training: Pick<TrainOptions, "seed" | "selfCondRate">;
  readonly counts: {
    readonly count: number;
    readonly dataCount: number;
    readonly validCount: number;
    readonly levels: number;
  };
  readonly sampler: SampleOptions & { readonly batchSize: number };
  /** A folder of pictures in place of samples. */
  readonly folder?: string;
  readonly terminal: Terminal;
  /** Aborted when the person wants to stop. */
  readonly stop: AbortSignal;
}

/** All figures of an evaluation. */
export interface Figures {
  readonly loss: {
    readonly images: number;
    /** Whether these images were held out from training. */
    readonly heldOut: boolean;
    readonly levels: readonly NoiseLevel[];
  };
  readonly samples?: { readonly folder: string } | SampleOptions;
  readonly comparisons: readonly (Comparison & {
    /** The Frechet distance between two halves of the data: what perfect samples would come near. */
    readonly halves?: number;
  })[];
}

/**
 * Measures.
 *
 * @throws {Interrupted} when it was stopped
 */
export async function evaluate(parts: EvaluationParts): Promise<Figures> {
  const { rin, data, terminal, counts, folder, sampler } = parts;
  const splits = await loadData(data, rin.config.imageSize, terminal);
  const loss = await measureLoss(parts, splits);
  if (counts.count === 0 && folder === undefined) return { loss, comparisons: [] };
  const { imageSize } = rin.config;
  const batches = async function* (set: Splits["train"], limit: number, what: string) {
    const onBatch = (done: number, total: number) => show(parts, what, done, total);
    for await (const { images } of validationBatches(set, imageSize, limit, onBatch)) yield images;
  };
  const { first, second, all } = await dataFeatures(
    batches(splits.train, counts.dataCount, "features of the data"),
    imageSize,
    scattering,
  );
  terminal.finish();
  const pictures = folder === undefined ? sampled(parts) : batches(
    (await loadData({ data: asPath(folder), validFraction: 0 }, imageSize, terminal)).train,
    Infinity,
    "features of the samples",
  );
  const samples = new FeatureSet(scattering);
  for await (const images of pictures) await samples.add(images, imageSize);
  terminal.finish();
  const halves = frechetDistance(first.statistics.gaussian(), second.statistics.gaussian());
  return {
    loss,
    samples: folder === undefined ? sampler : { folder },
    comparisons: [{ ...compare(all, samples), halves }],
  };
}

async function measureLoss(parts: EvaluationParts, splits: Splits): Promise<Figures["loss"]> {
  const { rin, training, counts, terminal } = parts;
  const { valid } = splits;
  const batches = validationBatches(
    valid,
    rin.config.imageSize,
    counts.validCount,
    (done, total) => show(parts, "loss by noise level", done, total),
  );
  const levels = await lossByNoise(rin, batches, counts.levels, training);
  terminal.finish();
  const images = Math.min(counts.validCount, valid.count);
  return { images, heldOut: valid !== splits.train, levels };
}

/** Features of all images, and of every other one. */
async function dataFeatures(
  batches: AsyncIterable<Float32Array>,
  imageSize: number,
  space: FeatureSpace,
): Promise<{ all: FeatureSet; first: FeatureSet; second: FeatureSet }> {
  const [all, first, second] = [1, 2, 3].map(() => new FeatureSet(space));
  for await (const images of batches) await all.add(images, imageSize);
  all.vectors.forEach((vector, i) => (i % 2 === 0 ? first : second).addVector(vector));
  return { all, first, second };
}

/** Samples in batches; each is made when it is asked for. */
async function* sampled(parts: EvaluationParts): AsyncGenerator<Float32Array> {
  const { rin, sampler, counts: { count } } = parts;
  const each = 3 * rin.config.imageSize ** 2;
  const batch = Math.min(sampler.batchSize, count);
  for (let first = 0; first < count; first += batch) {
    const images = await rin.sample({
      ...sampler,
      first,
      count: batch,
      onStep: (done, total) => show(parts, "samples", first + batch * done / total, count),
    });
    yield images.subarray(0, Math.min(batch, count - first) * each);
  }
}

function show({ terminal, stop }: EvaluationParts, what: string, done: number, total: number) {
  if (stop.aborted) throw new Interrupted();
  terminal.progress(Math.min(total, Math.floor(done)), total, { doing: what });
}

/** A folder that has the name of a known data source is still a folder. */
const asPath = (folder: string) => /[/\\]/.test(folder) ? folder : `./${folder}`;

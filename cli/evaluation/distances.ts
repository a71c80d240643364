/**
 * How far samples are from a run's images: features of both in every requested space.
 *
 * @module
 */
import type { ImageSet } from "../../src/data/image_set.ts";
import { compare, type Comparison, FeatureSet } from "../../src/eval/feature_set.ts";
import { frechetDistance } from "../../src/eval/frechet.ts";
import { scattering } from "../../src/eval/scattering.ts";
import type { PictureConfig } from "../../src/model/example.ts";
import { validationBatches } from "../../src/run/batches.ts";
import { loadData } from "../../src/run/load_data.ts";
import { dataReporter } from "../terminal/data_reporter.ts";
import { addFeatures } from "./features.ts";
import { type EvaluationParts, showProgress } from "./parts.ts";
import { sampled } from "./sampled.ts";

/** A comparison with its reference values. */
export interface Distance extends Comparison {
  /** The Frechet distance between two halves of the data, which perfect samples would approach. */
  readonly halves?: number;
}

/** Compares samples with the training images. */
export async function measureDistances(
  parts: EvaluationParts,
  train: ImageSet,
): Promise<Distance[]> {
  const { rin, terminal, counts, folder, features, fid } = parts;
  const batches = async function* (set: ImageSet, limit: number, doing: string) {
    const onBatch = (done: number, total: number) => showProgress(parts, doing, done, total);
    for await (const { images } of validationBatches(set, rin.config, limit, onBatch)) yield images;
    const total = Math.min(limit, set.count);
    onBatch(total, total);
  };
  const measureFid = fid !== undefined && fid.statistics === undefined;
  const data = new FeatureSet(scattering);
  const fidData = fid && new FeatureSet(fid.space, 0);
  const images = batches(train, counts.dataCount, "features of the data");
  await addAll(images, rin.config, measureFid ? [data, fidData!] : [data]);
  terminal.finish();
  const fidStatistics = fid?.statistics ?? fidData?.statistics.gaussian();
  if (measureFid) await fid.onStatistics?.(fidStatistics!);
  const samples = new FeatureSet(scattering);
  const fidSamples = fid && new FeatureSet(fid.space, 0);
  const sets = fidSamples ? [samples, fidSamples] : [samples];
  if (features) addFeatures(features, sets);
  else if (folder === undefined) {
    const all = Array.from({ length: counts.count }, (_, i) => i);
    await addAll(sampled(parts, train, all), rin.config, sets);
  } else {
    // A folder that has the name of a known data source is still a folder.
    const path = /[/\\]/.test(folder) ? folder : `./${folder}`;
    const pictures = await loadData(
      { data: path, validFraction: 0 },
      rin.config,
      dataReporter(terminal),
    );
    const all = batches(pictures.train, Infinity, "features of the samples");
    await addAll(all, rin.config, sets).finally(() => pictures.close());
  }
  terminal.finish();
  const own: Distance = { ...compare(data, samples), halves: halves(data) };
  if (!fidSamples) return [own];
  const standard: Distance = {
    space: fidSamples.space.name,
    dataCount: measureFid ? fidData!.statistics.count : undefined,
    sampleCount: fidSamples.statistics.count,
    frechet: frechetDistance(fidStatistics!, fidSamples.statistics.gaussian()),
  };
  return [own, standard];
}

async function addAll(
  batches: AsyncIterable<Float32Array>,
  picture: PictureConfig,
  sets: readonly FeatureSet[],
): Promise<void> {
  for await (const images of batches) {
    for (const set of sets) await set.add(images, picture);
  }
}

/** Every other image against the others. */
function halves(data: FeatureSet): number {
  const [first, second] = [0, 1].map((half) => {
    const set = new FeatureSet(data.space, 0);
    data.vectors.forEach((vector, i) => i % 2 === half && set.addVector(vector));
    return set.statistics.gaussian();
  });
  return frechetDistance(first, second);
}

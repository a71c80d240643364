/**
 * The samples that an evaluation makes.
 *
 * @module
 */
import type { ImageSet } from "../../src/data/image_set.ts";
import { sha256 } from "../../src/model/identity.ts";
import { type EvaluationParts, showProgress } from "./parts.ts";

/**
 * Samples in batches, each made on demand. A class-conditional network samples the classes of the
 * data, as often as the data have them.
 *
 * @param indices the numbers of the samples
 */
export async function* sampled(
  parts: EvaluationParts,
  train: ImageSet,
  indices: readonly number[],
): AsyncGenerator<Float32Array> {
  if (indices.length === 0) return;
  const { rin, sampler, counts: { count } } = parts;
  const labels = classesOf(parts, train);
  const batches = rin.samples({
    ...sampler,
    count,
    indices,
    labels: labels && indices.map((index) => labels[Math.floor(index * train.count / count)]),
    onStep: (done, total) => {
      showProgress(parts, "samples", indices.length * done / total, indices.length);
    },
  });
  for await (const { images } of batches) yield images;
}

/** The classes of the data, where the network is class-conditional; undefined where it isn't. */
function classesOf({ rin }: EvaluationParts, { labels }: ImageSet): Uint32Array | undefined {
  return rin.config.numClasses > 0 ? labels : undefined;
}

/** What tells whether two data sets have the same classes that samples follow, as sha-256. */
export async function classesHash(
  parts: EvaluationParts,
  train: ImageSet,
): Promise<string | undefined> {
  const labels = classesOf(parts, train);
  return labels && await sha256(new Uint8Array(Uint32Array.from(labels).buffer));
}

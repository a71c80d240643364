/**
 * Where a network's latents read while it draws.
 *
 * @module
 */
import type { AttentionSizes } from "../graph/ops.ts";
import { keepReads } from "../model/reads.ts";
import { Inference, recordSampling } from "./inference.ts";
import type { Rin } from "./rin.ts";
import type { SampleOptions } from "./sample_options.ts";
import { planSampling, sampleBatch } from "./sampling.ts";

/** Options of {@linkcode watchReading}. */
export interface WatchOptions extends Omit<SampleOptions, "onEstimate" | "batchSize" | "maxPlans"> {
  /** Called `estimates` times (default 1: after the last step); the next step waits for its promise. */
  readonly onReading: (reading: Reading) => void;
}

/** Where the latents read in one step of sampling. */
export interface Reading {
  /** Steps done, this one among them. */
  readonly done: number;
  /** The estimate of the finished image after it, and at last the image itself: (C, H, W). */
  readonly image: Float32Array<ArrayBuffer>;
  /** The read of each block. */
  readonly blocks: readonly ReadWeights[];
}

/** How much each latent reads of each interface token in one block. */
export interface ReadWeights {
  /** Number of heads. */
  readonly heads: number;
  /** Number of latents, tokens of time and class among them. */
  readonly latents: number;
  /** Number of interface tokens, row-major over the grid of patches. */
  readonly tokens: number;
  /** softmax(q k' / sqrt(d)): (heads, latents, tokens). Each row's sum is 1. */
  readonly weights: Float32Array<ArrayBuffer>;
}

/**
 * Makes one image as `Rin.sample` does, to the same bits, and tells where the latents read. Its
 * plan is its own: it also keeps the queries and keys of the reads, and the host computes their
 * softmax. With guidance, these are the reads of the pass with the class.
 *
 * To see where it reads in a given picture rather than in its own, give `image`, and a `mask` of
 * zeros: each step then gets that picture, noised to the step's level.
 *
 * @param options those of `Rin.sample`, for one image: `count` is 1, or `indices` has one number
 * @returns the image (C, H, W), or clip (C, T, H, W), in about [-1, 1]
 * @throws {RangeError} when an option is out of range, or there is more than one image
 * @throws {SamplingError} when the image does not come out as finite numbers
 */
export async function watchReading(
  { config, device, weights, precision }: Rin,
  options: WatchOptions,
): Promise<Float32Array<ArrayBuffer>> {
  const { onReading, ...rest } = options;
  const sampling = planSampling(config, {
    count: 1,
    estimates: 1,
    ...rest,
    onEstimate: async ({ images: image, done }) => {
      const blocks = await Promise.all(reads.map(async ({ sizes, q, kv }) => {
        const [queries, keys] = await Promise.all([device.read(q), device.read(kv)]);
        return readWeights(queries, keys, sizes);
      }));
      await onReading({ done, image, blocks });
    },
  });
  const { indices, steps, features } = sampling;
  if (indices.length !== 1) {
    throw new RangeError(`Cannot watch ${indices.length} images: give one of indices`);
  }
  const { plan, tensors } = recordSampling(config, weights, 1, features, precision);
  const reads = keepReads(plan, config.numBlocks);
  const kept = Object.fromEntries(
    reads.flatMap(({ q, kv }) => [[q.storage!.name, q], [kv.storage!.name, kv]]),
  );
  const recorded = { plan, tensors: { ...tensors, ...kept } };
  const inference = await Inference.compile(device, 1, features, recorded);
  let done = 0;
  const onStep = () => options.onStep?.(++done, steps.length);
  try {
    return (await sampleBatch(config, inference, sampling, [0, 1], onStep)).images;
  } finally {
    inference.destroy();
  }
}

/**
 * The weights of attention from its queries and keys, of the first example.
 *
 * @param q (queries, qStride)
 * @param kv (keys, kvStride)
 */
export function readWeights(
  q: Float32Array,
  kv: Float32Array,
  { heads, d, queries, keys, qStride, qStart, kvStride, kStart }: AttentionSizes,
): ReadWeights {
  const weights = new Float32Array(heads * queries * keys);
  const scale = 1 / Math.sqrt(d);
  const row = new Float64Array(keys);
  for (let r = 0; r < heads * queries; r++) {
    const [head, query] = [Math.floor(r / queries), r % queries];
    const from = query * qStride + qStart + head * d;
    let most = -Infinity;
    for (let key = 0; key < keys; key++) {
      const to = key * kvStride + kStart + head * d;
      let sum = 0;
      for (let i = 0; i < d; i++) sum += q[from + i] * kv[to + i];
      row[key] = sum * scale;
      most = Math.max(most, row[key]);
    }
    let total = 0;
    for (let key = 0; key < keys; key++) total += row[key] = Math.exp(row[key] - most);
    for (let key = 0; key < keys; key++) weights[r * keys + key] = row[key] / total;
  }
  return { heads, latents: queries, tokens: keys, weights };
}

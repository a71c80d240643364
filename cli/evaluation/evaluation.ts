/**
 * The measurements of `rin eval`, step by step.
 *
 * @module
 */
import type { Splits } from "../../src/data/dataset.ts";
import type { SampleOptions } from "../../src/diffusion/sample_options.ts";
import { lossByNoise, type NoiseLevelLoss } from "../../src/eval/noise_levels.ts";
import { validationBatches } from "../../src/run/batches.ts";
import { loadData } from "../../src/run/load_data.ts";
import { dataReporter } from "../terminal/data_reporter.ts";
import { type Distance, measureDistances } from "./distances.ts";
import { expectClasses } from "./features.ts";
import { type EvaluationParts, showProgress } from "./parts.ts";
import { classesHash } from "./sampled.ts";
import { writeFeatures } from "./write_features.ts";

/** Everything that was measured. */
export interface EvaluationResult {
  readonly loss: {
    readonly images: number;
    /** Whether these are clips. */
    readonly clips?: true;
    /** Whether these images were held out from training. */
    readonly heldOut: boolean;
    readonly levels: readonly NoiseLevelLoss[];
  };
  /** How the samples were made, and where they came from, as far as either is known. */
  readonly samples?: SampleOptions & { readonly folder?: string };
  readonly comparisons: readonly Distance[];
}

/**
 * Measures.
 *
 * @throws {CommandError} when the samples can't be compared with the data
 * @throws {Interrupted} when it was stopped
 */
export async function evaluate(parts: EvaluationParts): Promise<EvaluationResult> {
  const { rin, data, terminal, counts, folder, features, sampler } = parts;
  const splits = await loadData(data, rin.config, dataReporter(terminal));
  try {
    if (features) expectClasses(features, await classesHash(parts, splits.train));
    const loss = await measureLoss(parts, splits);
    if (counts.count === 0 && folder === undefined) return { loss, comparisons: [] };
    return {
      loss,
      samples: folder === undefined ? sampler : { folder, ...features?.sampler },
      comparisons: await measureDistances(parts, splits.train),
    };
  } finally {
    splits.close();
  }
}

/**
 * Makes a share of the samples, for {@linkcode evaluate} to measure when all are merged.
 *
 * @returns the path of its file
 * @throws {Interrupted} when it was stopped
 */
export async function makeShare(
  parts: EvaluationParts,
  share: Parameters<typeof writeFeatures>[2],
): Promise<string> {
  const splits = await loadData(parts.data, parts.rin.config, dataReporter(parts.terminal));
  try {
    return await writeFeatures(parts, splits.train, share);
  } finally {
    parts.terminal.finish();
    splits.close();
  }
}

async function measureLoss(
  parts: EvaluationParts,
  splits: Splits,
): Promise<EvaluationResult["loss"]> {
  const { rin, training, counts, terminal } = parts;
  const { valid } = splits;
  const batches = validationBatches(
    valid,
    rin.config,
    counts.validCount,
    (done, total) => showProgress(parts, "loss by noise level", done, total),
  );
  const levels = await lossByNoise(rin, batches, counts.levels, training);
  const images = Math.min(counts.validCount, valid.count);
  const clips = rin.config.frames > 1 && { clips: true as const };
  showProgress(parts, "loss by noise level", images, images);
  terminal.finish();
  return { images, ...clips, heldOut: valid !== splits.train, levels };
}

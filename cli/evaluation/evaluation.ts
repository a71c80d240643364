/**
 * What `rin eval` measures, step by step.
 *
 * @module
 */
import type { Splits } from "../../src/data/dataset.ts";
import type { Rin } from "../../src/diffusion/rin.ts";
import type { SampleOptions } from "../../src/diffusion/sampling.ts";
import { lossByNoise, type NoiseLevel } from "../../src/eval/noise_levels.ts";
import type { TrainOptions } from "../../src/train/options.ts";
import { validationBatches } from "../../src/run/batches.ts";
import { type Distance, type FidParts, measureDistances, showProgress } from "./distances.ts";
import { type DataSettings, loadData } from "../../src/run/load_data.ts";
import type { Terminal } from "../terminal/terminal.ts";

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
  /** What standard FID takes, where it is asked for. */
  readonly fid?: FidParts;
  readonly terminal: Terminal;
  /** Aborted when the person wants to stop. */
  readonly stop: AbortSignal;
}

/** All figures of an evaluation. */
export interface Figures {
  readonly loss: {
    readonly images: number;
    /** Whether these are clips. */
    readonly clips?: true;
    /** Whether these images were held out from training. */
    readonly heldOut: boolean;
    readonly levels: readonly NoiseLevel[];
  };
  readonly samples?: { readonly folder: string } | SampleOptions;
  readonly comparisons: readonly Distance[];
}

/**
 * Measures.
 *
 * @throws {Interrupted} when it was stopped
 */
export async function evaluate(parts: EvaluationParts): Promise<Figures> {
  const { rin, data, terminal, counts, folder, sampler } = parts;
  const splits = await loadData(data, rin.config, terminal);
  try {
    const loss = await measureLoss(parts, splits);
    if (counts.count === 0 && folder === undefined) return { loss, comparisons: [] };
    return {
      loss,
      samples: folder === undefined ? sampler : { folder },
      comparisons: await measureDistances(parts, splits.train),
    };
  } finally {
    splits.close();
  }
}

async function measureLoss(parts: EvaluationParts, splits: Splits): Promise<Figures["loss"]> {
  const { rin, training, counts, terminal } = parts;
  const { valid } = splits;
  const batches = validationBatches(
    valid,
    rin.config.imageSize,
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

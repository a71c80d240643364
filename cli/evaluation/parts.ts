/**
 * Parts of an evaluation.
 *
 * @module
 */
import type { Rin } from "../../src/diffusion/rin.ts";
import type { SampleOptions } from "../../src/diffusion/sample_options.ts";
import type { FeatureSpace } from "../../src/eval/feature_set.ts";
import type { Gaussian } from "../../src/eval/statistics.ts";
import type { DataSettings } from "../../src/run/load_data.ts";
import type { TrainOptions } from "../../src/train/options.ts";
import { Interrupted } from "../errors.ts";
import type { Features } from "./features.ts";
import type { Terminal } from "../terminal/terminal.ts";

/** Measurements to make, and their settings. */
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
  /** Features of samples made before, in place of samples. */
  readonly features?: Features;
  /** Inputs of standard FID, where the user asks for it. */
  readonly fid?: FidParts;
  readonly terminal: Terminal;
  /** Aborted when the person wants to stop. */
  readonly stop: AbortSignal;
}

/** Inputs of standard FID. */
export interface FidParts {
  readonly space: FeatureSpace;
  /** The data's statistics; without them they are measured on the run's images. */
  readonly statistics?: Gaussian;
  /** Told the data's statistics once they are measured. */
  readonly onStatistics?: (statistics: Gaussian) => Promise<void>;
}

/** @throws {Interrupted} when the person wants to stop */
export function showProgress(
  { terminal, stop }: EvaluationParts,
  doing: string,
  done: number,
  total: number,
): void {
  if (stop.aborted) throw new Interrupted();
  terminal.progress(Math.min(total, Math.floor(done)), total, { doing });
}

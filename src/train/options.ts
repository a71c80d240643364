/**
 * How a network is trained.
 *
 * @module
 */
import { PRECISIONS } from "../device/float16.ts";
import type { FloatType } from "../graph/ops.ts";
import { ConfigError, type Prediction } from "../model/config.ts";
import { checkNames, checkValue, type Schema } from "../options/schema.ts";

/**
 * How the learning rate moves: see `learningRate`. "cosine@0.7" is the first 70% of the cosine, as
 * the paper's released configs spell it.
 */
export type LrSchedule = "constant" | "cosine" | `cosine@${number}` | "plateau";

/** The rule that turns gradients into steps. */
export type Optimizer = "adamw" | "lamb";

/** Everything about training that is not the network itself. It travels in every checkpoint. */
export interface TrainOptions {
  /** Images a step. */
  readonly batchSize: number;
  /** Parts of a batch, processed in sequence; divides `batchSize`. */
  readonly accumulate: number;
  /**
   * Gradient checkpointing: with "on" only the streams between blocks are kept for the backward pass,
   * which computes each block again. The bits are the same, a step needs less memory and more time.
   * "auto" is on where the device can't hold the step otherwise.
   */
  readonly checkpointBlocks: "off" | "on" | "auto";
  /**
   * "f16": activations and their gradients in half precision, on a GPU with `shader-f16`, in half the
   * memory; sums, weights, their gradients and the optimizer stay f32. The loss is scaled for the
   * backward pass; a step in which f16 overflows halves the factor and counts as not finite.
   */
  readonly precision: FloatType;
  /** Steps of the whole run, for the learning-rate schedule. */
  readonly steps: number;
  /**
   * Space of the squared error: the network's own "prediction" (default), or the eps, x0 or v that
   * it amounts to; a weight on each example, see `lossWeight`.
   */
  readonly lossSpace: "prediction" | Prediction;
  /**
   * Min-SNR weighting (Hang et al. 2023, arXiv 2303.09556): its gamma, the SNR above which an example
   * counts no more; 0 is off. The paper's is 5. It is the same in every `lossSpace`.
   */
  readonly minSnr: number;
  /** Strength of the noise that is one number for each image and channel (0: none). */
  readonly offsetNoise: number;
  /** "adamw" (Loshchilov & Hutter 2019) or "lamb" (You et al. 2020). */
  readonly optimizer: Optimizer;
  /** Highest learning rate. */
  readonly lr: number;
  /**
   * "constant", "cosine" (to `lrEnd` at `steps`), "cosine@P" (the first share P of that cosine) or
   * "plateau" (multiplied by `plateauFactor` when validation stops improving).
   */
  readonly lrSchedule: LrSchedule;
  /** The learning rate that a cosine ends at, and that "plateau" stops at. */
  readonly lrEnd: number;
  /** Steps in which the learning rate rises from 0, linearly. */
  readonly warmup: number;
  /** "plateau": the factor that the learning rate is multiplied by. */
  readonly plateauFactor: number;
  /** "plateau": validations without improvement before that. */
  readonly plateauPatience: number;
  /** "plateau": the share by which the loss must fall below the lowest to be an improvement. */
  readonly plateauThreshold: number;
  /** Decoupled weight decay: AdamW's of matrices, LAMB's of all but biases and norms. */
  readonly weightDecay: number;
  /** Whether everything decays, as in the original; LAMB then scales everything, too. */
  readonly decayAll: boolean;
  /** Decay of the first moment. */
  readonly beta1: number;
  /** Decay of the second moment. */
  readonly beta2: number;
  /** Added to the root of the second moment. */
  readonly epsilon: number;
  /** Largest norm of the gradient; 0 for no clipping. */
  readonly clip: number;
  /** Share of the examples that begin from latents of a pass of their own (paper: 0.9). */
  readonly selfCondRate: number;
  /** Share of hidden units that the latents' self-attention layers drop in training (0: none). */
  readonly dropout: number;
  /** Share of examples that go without a residual branch of these layers in training (0: none). */
  readonly dropPath: number;
  /** Share of the examples trained without their class, if it has classes (guidance). */
  readonly labelDropout: number;
  /** Decay of the moving average of the weights: it averages over some 1 / (1 - decay) steps. */
  readonly emaDecay: number;
  /**
   * How that decay begins: "ratio", at most (1 + s) / (10 + s) at step s; "power", at most
   * 1 - (1 + s)^(-2/3), as ema-pytorch; "none", at once. Steps count from `emaStart`. A decay of
   * 0.9999 is reached after 89,990 steps by ratio, and after a million by power.
   */
  readonly emaWarmup: "ratio" | "power" | "none";
  /** Steps in which the average is the weights themselves. */
  readonly emaStart: number;
  /** Steps from one update of the average to the next. */
  readonly emaEvery: number;
  /** u32. */
  readonly seed: number;
}

/** The defaults: the recipe of the `faces` preset. */
export const DEFAULT_TRAIN_OPTIONS: TrainOptions = {
  batchSize: 32,
  accumulate: 1,
  checkpointBlocks: "off",
  precision: "f32",
  steps: 1000,
  lossSpace: "prediction",
  minSnr: 0,
  offsetNoise: 0,
  optimizer: "adamw",
  lr: 3e-3,
  lrSchedule: "cosine",
  lrEnd: 0,
  warmup: 50,
  plateauFactor: 0.5,
  plateauPatience: 5,
  plateauThreshold: 1e-4,
  weightDecay: 1e-2,
  decayAll: false,
  beta1: 0.9,
  beta2: 0.99,
  epsilon: 1e-8,
  clip: 1,
  selfCondRate: 0.9,
  dropout: 0,
  dropPath: 0,
  labelDropout: 0.1,
  emaDecay: 0.995,
  emaWarmup: "ratio",
  emaStart: 0,
  emaEvery: 1,
  seed: 0,
};

type Range = readonly [low: number, high: number, whole?: "whole"];

const STEPS: Range = [0, 2 ** 31, "whole"];

const ranges = {
  batchSize: [1, 65535, "whole"],
  accumulate: [1, 65535, "whole"],
  steps: [1, 2 ** 31, "whole"],
  minSnr: [0, 1e9],
  offsetNoise: [0, 10],
  lr: [0, 10],
  lrEnd: [0, 10],
  warmup: STEPS,
  plateauFactor: [0, 1],
  plateauPatience: STEPS,
  plateauThreshold: [0, 1],
  weightDecay: [0, 10],
  beta1: [0, 0.999999],
  beta2: [0, 0.999999],
  epsilon: [1e-30, 1],
  clip: [0, 1e30],
  selfCondRate: [0, 1],
  dropout: [0, 0.99],
  dropPath: [0, 0.99],
  labelDropout: [0, 1],
  emaDecay: [0, 1],
  emaStart: STEPS,
  emaEvery: [1, 2 ** 31, "whole"],
  seed: [0, 2 ** 32 - 1, "whole"],
} as const satisfies Partial<Record<keyof TrainOptions, Range>>;

/** The options that are one of a few words. */
export const TRAIN_CHOICES = {
  checkpointBlocks: ["off", "on", "auto"],
  precision: PRECISIONS,
  lossSpace: ["prediction", "eps", "x0", "v"],
  optimizer: ["adamw", "lamb"],
  emaWarmup: ["ratio", "power", "none"],
} as const satisfies Partial<Record<keyof TrainOptions, readonly string[]>>;

/**
 * Fills in the defaults and checks the ranges.
 *
 * @throws {ConfigError} naming the option, the value found and the value needed
 */
export function completeTrainOptions(options: Partial<TrainOptions>): TrainOptions {
  checkNames(options, Object.keys(DEFAULT_TRAIN_OPTIONS), "training option", ConfigError);
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  const full: TrainOptions = { ...DEFAULT_TRAIN_OPTIONS, ...Object.fromEntries(given) };
  for (const [key, [low, high, whole]] of Object.entries<Range>(ranges)) {
    const value = full[key as keyof typeof ranges];
    const schema: Schema = { type: whole ? "integer" : "number", minimum: low, maximum: high };
    checkValue(schema, key, value, ConfigError);
  }
  for (const [key, words] of Object.entries<readonly string[]>(TRAIN_CHOICES)) {
    const value = full[key as keyof typeof TRAIN_CHOICES];
    if (!words.includes(value)) {
      throw new ConfigError(
        `${key} is "${value}": expected ${words.slice(0, -1).join(", ")} or ${words.at(-1)}`,
      );
    }
  }
  if (!(cosineShare(full.lrSchedule) > 0) && !["constant", "plateau"].includes(full.lrSchedule)) {
    throw new ConfigError(
      `lrSchedule is "${full.lrSchedule}": expected constant, cosine, plateau, or cosine@P with P ` +
        `from 0 to 1, for example cosine@0.7`,
    );
  }
  if (typeof full.decayAll !== "boolean") {
    throw new ConfigError(`decayAll is ${full.decayAll}: expected true or false`);
  }
  checkTogether(full);
  return full;
}

function checkTogether({ batchSize, accumulate, lr, lrEnd }: TrainOptions): void {
  if (batchSize % accumulate !== 0) {
    throw new ConfigError(
      `accumulate ${accumulate} does not divide batchSize ${batchSize}: the parts of a batch must ` +
        `be of one size`,
    );
  }
  if (lrEnd > lr) {
    throw new ConfigError(`lrEnd is ${lrEnd}: expected at most the highest rate, lr ${lr}`);
  }
}

/** The share of the cosine that a schedule goes through; NaN for other schedules. */
export function cosineShare(schedule: string): number {
  if (schedule === "cosine") return 1;
  const [, share] = /^cosine@(\d*\.?\d+)$/.exec(schedule) ?? [];
  return Number(share) <= 1 ? Number(share) : NaN;
}

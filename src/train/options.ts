/**
 * How a network is trained.
 *
 * @module
 */
import { ConfigError } from "../model/config.ts";

/** How the learning rate moves: see `learningRate`. */
export type LrSchedule = "constant" | "cosine" | "plateau";

/** Everything about training that is not the network itself. It travels in every checkpoint. */
export interface TrainOptions {
  /** Images a step. */
  readonly batchSize: number;
  /** Steps of the whole run, for the learning-rate schedule. */
  readonly steps: number;
  /** Highest learning rate. */
  readonly lr: number;
  /** "constant", "cosine" (to 0 at `steps`) or "plateau" (divided when validation stops improving). */
  readonly lrSchedule: LrSchedule;
  /** Steps in which the learning rate rises from 0, linearly. */
  readonly warmup: number;
  /** "plateau": the factor that the learning rate is multiplied by. */
  readonly plateauFactor: number;
  /** "plateau": validations without improvement before that. */
  readonly plateauPatience: number;
  /** Decoupled weight decay, on matrices only unless `decayAll`. */
  readonly weightDecay: number;
  /** Whether biases, norms and embeddings decay too, as in the original. */
  readonly decayAll: boolean;
  /** AdamW's decay of the first moment. */
  readonly beta1: number;
  /** AdamW's decay of the second moment. */
  readonly beta2: number;
  /** AdamW's epsilon. */
  readonly epsilon: number;
  /** Largest norm of the gradient. */
  readonly clip: number;
  /** Share of the examples that begin from latents of a pass of their own (paper: 0.9). */
  readonly selfCondRate: number;
  /** Decay of the moving average of the weights; at step s, min(this, (1 + s) / (10 + s)). */
  readonly emaDecay: number;
  /** u32. */
  readonly seed: number;
}

/** The defaults: the recipe of the `faces` preset. */
export const DEFAULT_TRAIN_OPTIONS: TrainOptions = {
  batchSize: 32,
  steps: 1000,
  lr: 3e-3,
  lrSchedule: "cosine",
  warmup: 50,
  plateauFactor: 0.5,
  plateauPatience: 5,
  weightDecay: 1e-2,
  decayAll: false,
  beta1: 0.9,
  beta2: 0.99,
  epsilon: 1e-8,
  clip: 1,
  selfCondRate: 0.9,
  emaDecay: 0.995,
  seed: 0,
};

type Range = readonly [low: number, high: number, whole?: "whole"];

const ranges: Record<Exclude<keyof TrainOptions, "lrSchedule" | "decayAll">, Range> = {
  batchSize: [1, 65535, "whole"],
  steps: [1, 2 ** 31, "whole"],
  lr: [0, 10],
  warmup: [0, 2 ** 31, "whole"],
  plateauFactor: [0, 1],
  plateauPatience: [0, 2 ** 31, "whole"],
  weightDecay: [0, 10],
  beta1: [0, 0.999999],
  beta2: [0, 0.999999],
  epsilon: [1e-30, 1],
  clip: [1e-9, 1e30],
  selfCondRate: [0, 1],
  emaDecay: [0, 1],
  seed: [0, 2 ** 32 - 1, "whole"],
};

/**
 * Fills in the defaults and checks the ranges.
 *
 * @throws {ConfigError} naming the option, what was found and what is needed
 */
export function completeTrainOptions(options: Partial<TrainOptions>): TrainOptions {
  for (const key of Object.keys(options)) {
    if (!(key in DEFAULT_TRAIN_OPTIONS)) {
      throw new ConfigError(
        `Unknown training option "${key}": known are ${
          Object.keys(DEFAULT_TRAIN_OPTIONS).join(", ")
        }`,
      );
    }
  }
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  const full: TrainOptions = { ...DEFAULT_TRAIN_OPTIONS, ...Object.fromEntries(given) };
  for (const [key, [low, high, whole]] of Object.entries(ranges)) {
    const value = full[key as keyof typeof ranges];
    if (!(value >= low && value <= high) || (whole && !Number.isInteger(value))) {
      throw new ConfigError(
        `${key} is ${value}: needed a ${whole ? "whole " : ""}number from ${low} to ${high}`,
      );
    }
  }
  if (!["constant", "cosine", "plateau"].includes(full.lrSchedule)) {
    throw new ConfigError(`lrSchedule is "${full.lrSchedule}": needed constant, cosine or plateau`);
  }
  if (typeof full.decayAll !== "boolean") {
    throw new ConfigError(`decayAll is ${full.decayAll}: needed true or false`);
  }
  return full;
}

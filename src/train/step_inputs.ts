/**
 * Inputs that change from step to step: random draws and the optimizer's scalars, as functions of
 * the options and the step's number alone.
 *
 * @module
 */
import { HISTORY, OPTIMIZER_SCALARS } from "../graph/ops.ts";
import { rowWeights } from "../diffusion/context.ts";
import { labelRows } from "../diffusion/labels.ts";
import { lossWeight } from "../diffusion/loss_weight.ts";
import { noisingCoefficients } from "../diffusion/prediction.ts";
import { networkTime } from "../diffusion/network_time.ts";
import { parseSchedule } from "../diffusion/schedule.ts";
import type { RinConfig } from "../model/config.ts";
import { RandomStream, seedFor } from "../nn/random.ts";
import { averageDecay } from "./moving_average.ts";
import type { TrainOptions } from "./options.ts";

/** One entry an example. */
export interface StepDraws {
  /** Times, uniform on (0, 1). */
  readonly t: number[];
  /** 1 where latents begin from a pass of their own. */
  readonly mask: number[];
  /** Whether the example trains without its class, for classifier-free guidance. */
  readonly unlabelled: boolean[];
  /** Streams of the dropped elements. */
  readonly dropped: RandomStream[];
  /** Streams of the noise. */
  readonly noise: RandomStream[];
}

/** The draws of a step (0-based). */
export function drawStep(
  { batchSize, seed, selfCondRate, labelDropout }: TrainOptions,
  step: number,
): StepDraws {
  const times = new RandomStream(seedFor(seed, "time"), step);
  const chosen = new RandomStream(seedFor(seed, "self-conditioning"), step);
  const unlabelled = new RandomStream(seedFor(seed, "label dropout"), step);
  const drops = seedFor(seed, "dropout");
  const noise = seedFor(seed, "noise");
  const examples = Array.from({ length: batchSize }, (_, i) => i);
  return {
    t: examples.map((i) => times.uniform(i)),
    mask: examples.map((i) => chosen.uniform(i) < selfCondRate ? 1 : 0),
    unlabelled: examples.map((i) => unlabelled.uniform(i) < labelDropout),
    dropped: examples.map((i) => new RandomStream(drops, step * batchSize + i)),
    noise: examples.map((i) => new RandomStream(noise, step * batchSize + i)),
  };
}

/** Values for noising and weighting a step's examples, by their tensor. */
export interface ExampleInputs {
  /** (B, timeWidth). */
  readonly t: Float32Array<ArrayBuffer>;
  /** Classes (B), for a class-conditional network. */
  readonly labels: Uint32Array<ArrayBuffer>;
  /** (B, 4). */
  readonly coefficients: Float32Array<ArrayBuffer>;
  /** (B), or with context frames (B, C, T). */
  readonly lossWeight: Float32Array<ArrayBuffer>;
  /** (B). */
  readonly mask: Float32Array<ArrayBuffer>;
  /** (B, 2). */
  readonly keys: Uint32Array<ArrayBuffer>;
  /** (B, 2). */
  readonly dropKeys: Uint32Array<ArrayBuffer>;
  /** (B, C). */
  readonly offsets: Float32Array<ArrayBuffer>;
}

/**
 * The inputs of a step (0-based), of the whole batch or some of its examples.
 *
 * @param labels classes of the examples, -1 for none, for a class-conditional network
 * @param places the places of the examples in the batch; all by default
 * @throws {RangeError} when labels are missing or impossible
 */
export function exampleInputs(
  config: RinConfig,
  options: TrainOptions,
  step: number,
  labels?: ArrayLike<number>,
  places: readonly number[] = Array.from({ length: options.batchSize }, (_, i) => i),
): ExampleInputs {
  const { numClasses, channels } = config;
  if (numClasses > 0 && labels === undefined) {
    throw new RangeError(
      `There are no labels, but the network has ${numClasses} classes: give one for each image, ` +
        `-1 for none`,
    );
  }
  const draws = drawStep(options, step);
  const own = <T>(all: readonly T[]) => places.map((place) => all[place]);
  const rows = labelRows(config, places.length, labels);
  const t = own(draws.t);
  const unlabelled = own(draws.unlabelled);
  const gammas = t.map(parseSchedule(config.schedule));
  const weights = gammas.map((gamma) =>
    lossWeight(options, config.prediction, gamma, config.inputScale)
  );
  const shifts = new RandomStream(seedFor(options.seed, "offset noise"), step);
  return {
    t: networkTime(config, t),
    labels: rows.map((row, i) => unlabelled[i] ? numClasses : row),
    coefficients: noisingCoefficients(config, gammas),
    lossWeight: rowWeights(config, weights),
    mask: new Float32Array(own(draws.mask)),
    keys: new Uint32Array(own(draws.noise).flatMap(({ keys }) => keys)),
    dropKeys: new Uint32Array(own(draws.dropped).flatMap(({ keys }) => keys)),
    offsets: Float32Array.from(
      { length: places.length * channels },
      (_, i) =>
        options.offsetNoise *
        shifts.normal(channels * places[Math.floor(i / channels)] + i % channels),
    ),
  };
}

/** The scalars of a step (0-based) in the order of the kernels' uniform, padded to 12. */
export function optimizerScalars(
  options: TrainOptions,
  step: number,
  lr: number,
): Float32Array<ArrayBuffer> {
  const { beta1, beta2, epsilon, weightDecay, clip } = options;
  const values: Record<typeof OPTIMIZER_SCALARS[number], number> = {
    lr,
    beta1,
    beta2,
    epsilon,
    weightDecay,
    correction1: 1 - beta1 ** (step + 1),
    correction2: Math.sqrt(1 - beta2 ** (step + 1)),
    emaDecay: averageDecay(options, step),
    clip: clip === 0 ? 3e38 : clip,
    slot: step % HISTORY,
  };
  const packed = new Float32Array(12);
  packed.set(OPTIMIZER_SCALARS.map((name) => values[name]));
  return packed;
}

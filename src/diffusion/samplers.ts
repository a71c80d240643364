/**
 * Samplers as pure functions: a linear map of the result follows each evaluation of the network.
 *
 * @module
 */
import { SAMPLER_SCALARS } from "../graph/ops.ts";
import { cleanFrom, inputFactor, type PredictionMeaning } from "./prediction.ts";
import { parseSchedule, type Schedule } from "./schedule.ts";
import {
  ddimStep,
  ddpmStep,
  dpmSolverStep,
  heunCorrection,
  heunCorrects,
  type NoiseLevel,
  noiseLevel,
  renoiseStep,
  type StepFactors,
} from "./step_factors.ts";
import { samplingTimes, timeAlong, type TimeSpacing, type TimeSpread } from "./times.ts";

/** How to go from noise to images. */
export interface SamplerOptions {
  /**
   * "ddpm": ancestral (Ho et al. 2020), the default; "ddim" (Song et al. 2021); "dpm++":
   * DPM-Solver++ 2M (Lu et al. 2022), of second order from one evaluation a step; "heun": the
   * deterministic sampler of EDM (Karras et al. 2022), of second order from two; "renoise": the
   * original project's, the estimate of x0, with new noise at each step.
   */
  readonly sampler?: SamplerName;
  /**
   * Network evaluations of an image. Default 100. "heun" makes of them steps / 2 + 1 intervals, the
   * first and the last of one evaluation, and leaves one out where `steps` is odd.
   */
  readonly steps?: number;
  /**
   * How the times of the evaluations are spread from 1 to 0: "uniform", the default; "cosine", closer
   * together at both ends; "logsnr", even in the log of the signal-to-noise ratio.
   */
  readonly times?: TimeSpacing;
  /**
   * The schedule of the times, where it isn't the network's: each evaluation has the gamma that
   * this schedule has at its time (pix2seq's `infer_schedule`).
   */
  readonly sampleSchedule?: string;
  /**
   * "ddpm", "ddim" and "renoise": how many evaluations further than the next one's time a step goes
   * (pix2seq's `td`, Chen et al.'s 2022 time difference); the network's input is still that time.
   * Default 0.
   */
  readonly timeDifference?: number;
  /** "ddpm" only: the noise's variance, beta_t ("large") or the posterior's ("small", default). */
  readonly variance?: "large" | "small";
  /** "ddim" only: 0 (default) adds no noise, 1 as much as "ddpm" with the small variance. */
  readonly eta?: number;
  /**
   * Clipping of the estimate of x0. `true`, the default: clipped to [-1, 1]. A number between 0 and
   * 1, such as 0.995: dynamic thresholding (Saharia et al. 2022, arXiv 2205.11487): with q that
   * share's quantile of an image's absolute values, or 1 if that is more, clipped to [-q, q] and
   * divided by q. `false`: nothing.
   */
  readonly clip?: boolean | number;
}

/** The samplers' names. */
export type SamplerName = "ddpm" | "ddim" | "dpm++" | "heun" | "renoise";

/** All samplers. */
export const SAMPLERS: readonly SamplerName[] = ["ddpm", "ddim", "dpm++", "heun", "renoise"];

/** One evaluation of the network, and the use of its result. x is as the network sees it. */
export interface SamplerStep {
  /** The network's time. */
  readonly t: number;
  /** How the estimate of the image is read: x x_t + output prediction. */
  readonly estimate: { readonly x: number; readonly output: number };
  /** How the next x is made. */
  readonly factors: StepFactors;
  /** The shares of image and noise in the next x. */
  readonly level: Pick<NoiseLevel, "alpha" | "sigma">;
}

/** The estimate is the result. */
const ARRIVAL: StepFactors = { x: 0, x0: 1, previous: 0, sigma: 0 };

/**
 * All evaluations, from t = 1 (or a little below, where given times) to t = 0, where the last one gives
 * the estimate of the image itself.
 *
 * @param options those of `completeSampleOptions`, which checks them
 * @param times the times in falling order, the final one last; default by the options
 */
export function samplerSteps(
  schedule: Schedule,
  meaning: PredictionMeaning,
  options: SamplerOptions,
  times: readonly number[] = defaultTimes(schedule, options),
): SamplerStep[] {
  const { sampler = "ddpm", variance = "small", eta = 0, timeDifference = 0 } = options;
  const levels = times.map((t) => noiseLevel(schedule(t), meaning.inputScale));
  const seen = levels.map(({ gamma }) => inputFactor(meaning, gamma));
  const end = times.length - 1;
  const steps: SamplerStep[] = [];
  /** From x at `at`, which the network sees, to x at `to`; both are seen scaled, but the result. */
  const evaluate = (at: number, to: number, { x, x0, previous, sigma }: StepFactors) => {
    const clean = cleanFrom(meaning.prediction, levels[at].gamma);
    const given = to < end ? seen[to] : sampler === "renoise" ? 1 / meaning.inputScale : 1;
    steps.push({
      t: times[at],
      estimate: {
        x: clean.x / (seen[at] * meaning.inputScale),
        output: clean.output / meaning.inputScale,
      },
      factors: {
        x: given * x / seen[at],
        x0: given * x0,
        previous: given * previous,
        sigma: given * sigma,
      },
      level: to < end
        ? { alpha: given * levels[to].alpha, sigma: given * levels[to].sigma }
        : { alpha: 1, sigma: 0 },
    });
  };
  const at = timeAlong(timeSpread(schedule, options, times[0]));
  for (let i = 0; i < end; i++) {
    const [before, now] = [levels[i - 1], levels[i]];
    const next = timeDifference > 0
      ? noiseLevel(schedule(at((i + 1 + timeDifference) / end)), meaning.inputScale)
      : levels[i + 1];
    // Re-noising ends on gamma(0), as the original does, even where the schedule's is below 1.
    if (sampler === "renoise") evaluate(i, i + 1, renoiseStep(next));
    else if (times[i + 1] === 0) evaluate(i, i + 1, ARRIVAL);
    // Steep schedules round to 1 before that: nothing is left to denoise (and no sigma to divide by).
    else if (now.gamma === 1) evaluate(i, i + 1, { ...ARRIVAL, x0: next.alpha });
    else if (sampler === "ddpm") evaluate(i, i + 1, ddpmStep(now, next, variance));
    else if (sampler === "ddim") evaluate(i, i + 1, ddimStep(now, next, eta));
    else if (sampler === "dpm++") evaluate(i, i + 1, dpmSolverStep(before, now, next));
    else {
      evaluate(i, i + 1, ddimStep(now, next, 0));
      if (before && heunCorrects(now, next)) evaluate(i + 1, i + 1, heunCorrection(now, next));
    }
  }
  return steps;
}

/** The times that the options ask for, from `start` to 0. */
export function defaultTimes(schedule: Schedule, options: SamplerOptions, start = 1): number[] {
  const { sampler, steps = 100 } = options;
  const intervals = sampler === "heun" && steps > 1 ? Math.floor(steps / 2) + 1 : steps;
  return samplingTimes(intervals, timeSpread(schedule, options, start));
}

function timeSpread(
  schedule: Schedule,
  { times: spacing = "uniform", sampleSchedule }: SamplerOptions,
  start: number,
): TimeSpread {
  return {
    spacing,
    schedule,
    start,
    along: sampleSchedule === undefined ? undefined : scheduleOption(sampleSchedule),
  };
}

/** @throws {RangeError} when there is no such schedule: it is an option, and no field of a config */
function scheduleOption(name: string): Schedule {
  try {
    return parseSchedule(name);
  } catch (thrown) {
    throw new RangeError((thrown as Error).message);
  }
}

/** A step as the kernel `sampler step` takes it, where `each` numbers of an image are drawn. */
export function stepScalars(
  { estimate, factors }: SamplerStep,
  clip: boolean | number,
  each: number,
): Float32Array<ArrayBuffer> {
  const scalars: Record<typeof SAMPLER_SCALARS[number], number> = {
    x0FromX: estimate.x,
    x0FromPrediction: estimate.output,
    x0Limit: clip === false ? 3e38 : 1,
    thresholdRank: typeof clip === "number" ? Math.ceil(clip * each) : 0,
    nextFromX: factors.x,
    nextFromX0: factors.x0,
    nextFromPrevious: factors.previous,
    sigma: factors.sigma,
  };
  return new Float32Array(SAMPLER_SCALARS.map((name) => scalars[name]));
}

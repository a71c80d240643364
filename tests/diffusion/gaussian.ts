// Pixels that are N(mean, deviation^2): the one data set whose perfect denoiser, and whose images at
// the end of the exact trajectories, are known in closed form.

import { inputFactor, type PredictionMeaning, targetOf } from "../../src/diffusion/prediction.ts";
import type { SamplerStep } from "../../src/diffusion/samplers.ts";
import type { Schedule } from "../../src/diffusion/schedule.ts";

/** A distribution of one pixel. */
export interface Normal {
  readonly mean: number;
  readonly deviation: number;
}

/** E[x0 | x_t] = intercept + slope x_t, at a gamma; x_t = sqrt(gamma) x0 + sqrt(1 - gamma) eps. */
export function denoiser({ mean, deviation }: Normal, gamma: number) {
  const slope = Math.sqrt(gamma) * deviation ** 2 / (gamma * deviation ** 2 + 1 - gamma);
  return { slope, intercept: mean * (1 - slope * Math.sqrt(gamma)) };
}

/** Numbers that are constant + sum of coefficients of independent standard normals, the first x_T. */
type Affine = Float64Array<ArrayBuffer>;
const mix = (...parts: readonly (readonly [number, Affine])[]): Affine =>
  parts[0][1].map((_, i) => parts.reduce((sum, [factor, values]) => sum + factor * values[i], 0));

/**
 * Runs a sampler's steps on the perfect predictions, exactly, and gives the distribution of its end.
 * Within, the image is multiplied by the input scale.
 */
export function run(
  image: Normal,
  schedule: Schedule,
  meaning: PredictionMeaning,
  steps: readonly SamplerStep[],
): Normal {
  const { inputScale } = meaning;
  const data = { mean: image.mean * inputScale, deviation: image.deviation * inputScale };
  const zero = new Float64Array(steps.length + 2);
  const unit = (i: number) => zero.with(i, 1);
  let [x, previous] = [unit(1), zero];
  steps.forEach(({ t, estimate, factors }, index) => {
    const gamma = schedule(t);
    const { slope, intercept } = denoiser(data, gamma);
    const xt = mix([1 / inputFactor(meaning, gamma), x]);
    const truth = mix([slope, xt], [intercept, unit(0)]);
    const [a, s] = [Math.sqrt(gamma), Math.sqrt(1 - gamma)];
    const eps = mix([1 / s, xt], [-a / s, truth]);
    const goal = targetOf(meaning.prediction, gamma);
    const output = mix([goal.x0, truth], [goal.eps, eps]);
    const x0 = mix([estimate.x, x], [estimate.output, output]);
    x = mix(
      [factors.x, x],
      [factors.x0, x0],
      [factors.previous, previous],
      [factors.sigma, unit(index + 2)],
    );
    previous = x0;
  });
  return { mean: x[0], deviation: Math.hypot(...x.subarray(1)) };
}

/**
 * Where the exact trajectories d(x / alpha) / d(sigma / alpha) = eps lead from x_T = N(0, 1) at
 * gamma(1): to gamma(0), and from there the denoiser to x0.
 */
export function exact(data: Normal, schedule: Schedule): Normal {
  const spread = (gamma: number) => Math.sqrt(gamma * data.deviation ** 2 + 1 - gamma);
  const [first, last] = [schedule(1), schedule(0)];
  const scale = spread(last) / spread(first);
  const end = {
    mean: Math.sqrt(last) * data.mean - scale * Math.sqrt(first) * data.mean,
    deviation: scale,
  };
  const { slope, intercept } = denoiser(data, last);
  return { mean: intercept + slope * end.mean, deviation: slope * end.deviation };
}

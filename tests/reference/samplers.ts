// Float64 references of the samplers' single steps, from gamma(t_now) to gamma(t_next).
// All take an estimate (x0, eps); `z` is the step's fresh standard normal noise.

import type { Estimate } from "./diffusion.ts";

/** The two gammas of a step, and the factor on the signal (the input scale b). */
export interface StepGammas {
  now: number;
  next: number;
  scale?: number;
}

/** The original project's step: the estimate of x0 noised afresh to gamma(t_next); eps is not used. */
export function renoiseStep(
  x0: Float64Array,
  z: Float64Array,
  { next, scale = 1 }: Omit<StepGammas, "now">,
): Float64Array {
  return x0.map((value, i) => Math.sqrt(next) * scale * value + Math.sqrt(1 - next) * z[i]);
}

/** Variance of the ancestral step: beta_t, or the posterior's. */
export type DdpmVariance = "large" | "small";

/** Factors of the ancestral step `signal x0 + state x_t + noise z`. */
export interface DdpmFactors {
  signal: number;
  state: number;
  noise: number;
}

/** The posterior q(x_next | x_t, x0) in a form that has no cancellation at gamma(t_now) near 0. */
export function ddpmFactors(
  { now, next, scale = 1 }: StepGammas,
  variance: DdpmVariance,
): DdpmFactors {
  const alpha = Math.min(1, now / next);
  const beta = 1 - alpha;
  return {
    signal: scale * Math.sqrt(next) * beta / (1 - now),
    state: Math.sqrt(alpha) * (1 - next) / (1 - now),
    noise: Math.sqrt(variance === "large" ? beta : beta * (1 - next) / (1 - now)),
  };
}

/** Ancestral step. The last one (to t = 0) is not taken: the sample is then x0 itself. */
export function ddpmStep(
  xt: Float64Array,
  x0: Float64Array,
  z: Float64Array,
  gammas: StepGammas,
  variance: DdpmVariance,
): Float64Array {
  const { signal, state, noise } = ddpmFactors(gammas, variance);
  return xt.map((value, i) => signal * x0[i] + state * value + noise * z[i]);
}

/** DDIM step; eta = 0 adds no noise, eta = 1 is the ancestral step with the small variance. */
export function ddimStep(
  { x0, eps }: Estimate,
  z: Float64Array,
  { now, next, scale = 1 }: StepGammas,
  eta: number,
): Float64Array {
  const alpha = Math.min(1, now / next);
  const sigma = eta * Math.sqrt((1 - next) / (1 - now) * (1 - alpha));
  const direction = Math.sqrt(Math.max(0, 1 - next - sigma ** 2));
  return x0.map((value, i) => Math.sqrt(next) * scale * value + direction * eps[i] + sigma * z[i]);
}

/** sigma / alpha and its negative logarithm, of a gamma. */
const ratio = (gamma: number, scale = 1) => Math.sqrt((1 - gamma) / gamma) / scale;
const lambda = (gamma: number, scale = 1) => -Math.log(ratio(gamma, scale));

/** DPM-Solver++ 2M, algorithm 2 of the paper: without an estimate before, or after a much shorter step, of first order. */
export function dpmSolverStep(
  xt: Float64Array,
  x0: Float64Array,
  previous: Float64Array,
  { before, now, next, scale = 1 }: StepGammas & { before?: number },
): Float64Array {
  const h = lambda(next, scale) - lambda(now, scale);
  const r = before === undefined ? 0 : (lambda(now, scale) - lambda(before, scale)) / h;
  const extrapolated = r >= 0.1
    ? x0.map((value, i) => (1 + 1 / (2 * r)) * value - 1 / (2 * r) * previous[i])
    : x0;
  const [sigma, alpha] = [Math.sqrt(1 - next), Math.sqrt(next) * scale];
  return xt.map((value, i) =>
    sigma / Math.sqrt(1 - now) * value - alpha * (Math.exp(-h) - 1) * extrapolated[i]
  );
}

/** Heun's step of EDM, algorithm 1 of the paper, on y = x / alpha and s = sigma / alpha. */
export function heunStep(
  xt: Float64Array,
  x0: Float64Array,
  estimateAt: (predicted: Float64Array) => Float64Array,
  { now, next, scale = 1 }: StepGammas,
): Float64Array {
  const alpha = Math.sqrt(next) * scale;
  const [from, to] = [ratio(now, scale), ratio(next, scale)];
  const y = xt.map((value) => value / (Math.sqrt(now) * scale));
  const slope = y.map((value, i) => (value - x0[i]) / from);
  const euler = y.map((value, i) => value + (to - from) * slope[i]);
  const corrected = estimateAt(euler.map((value) => alpha * value));
  return y.map((value, i) => {
    const second = (euler[i] - corrected[i]) / to;
    return alpha * (value + (to - from) * (slope[i] + second) / 2);
  });
}

/** The rank-th smallest absolute value of each image, or 1 if that is more. */
export function thresholds(x0: Float64Array, batch: number, rank: number): Float64Array {
  const each = x0.length / batch;
  return Float64Array.from({ length: batch }, (_, b) => {
    const image = x0.slice(b * each, (b + 1) * each).map(Math.abs).sort();
    return Math.max(1, image[rank - 1]);
  });
}

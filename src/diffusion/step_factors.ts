/**
 * One step of each sampler, as the factors of a linear map. All of them are in float64, and in forms
 * that neither cancel nor divide by zero where gamma is near 0.
 *
 * @module
 */

/** How x at the next time is made: x x_t + x0 (estimate) + previous (estimate before) + sigma (noise). */
export interface StepFactors {
  readonly x: number;
  /** Factor on this evaluation's estimate of the clean image. */
  readonly x0: number;
  /** Factor on the estimate of the evaluation before it. */
  readonly previous: number;
  /** Factor on fresh standard normal noise. */
  readonly sigma: number;
}

/** x_t = alpha x0 + sigma eps, with x0 the image. */
export interface NoiseLevel {
  /** alpha^2 = gamma inputScale^2; sigma^2 = 1 - gamma. */
  readonly gamma: number;
  readonly alpha: number;
  readonly sigma: number;
  /** log(alpha / sigma), half the log-SNR; infinite where sigma is 0. */
  readonly lambda: number;
}

/** The level of a gamma. */
export function noiseLevel(gamma: number, inputScale = 1): NoiseLevel {
  return {
    gamma,
    alpha: Math.sqrt(gamma) * inputScale,
    sigma: Math.sqrt(1 - gamma),
    lambda: Math.log(inputScale) + Math.log(gamma / (1 - gamma)) / 2,
  };
}

/** A step longer than this many times the one before it (or than this ratio of sigma / alpha) is of first order. */
const LONGEST = 10;

/** 1 - alpha_t^2 / alpha_next^2: the variance that the forward process adds between the two. */
function beta(now: NoiseLevel, next: NoiseLevel): number {
  return 1 - Math.min(1, now.gamma / next.gamma);
}

/** The ancestral step (Ho et al. 2020): the posterior q(x_next | x_t, x0). */
export function ddpmStep(
  now: NoiseLevel,
  next: NoiseLevel,
  variance: "large" | "small",
): StepFactors {
  const added = beta(now, next);
  const share = next.sigma ** 2 / now.sigma ** 2;
  return {
    x: Math.sqrt(1 - added) * share,
    x0: next.alpha * added / now.sigma ** 2,
    previous: 0,
    sigma: Math.sqrt(variance === "large" ? added : added * share),
  };
}

/** DDIM (Song et al. 2021, equation 12). */
export function ddimStep(now: NoiseLevel, next: NoiseLevel, eta: number): StepFactors {
  const sigma = eta * next.sigma / now.sigma * Math.sqrt(beta(now, next));
  const x = Math.sqrt(Math.max(0, next.sigma ** 2 - sigma ** 2)) / now.sigma;
  return { x, x0: next.alpha - x * now.alpha, previous: 0, sigma };
}

/** The original project's step: the estimate of x0 with new noise. */
export function renoiseStep(next: NoiseLevel): StepFactors {
  return { x: 0, x0: next.alpha, previous: 0, sigma: next.sigma };
}

/**
 * DPM-Solver++ 2M (Lu et al. 2022, arXiv 2211.01095, algorithm 2): DDIM's step with x0 extrapolated
 * from the estimates at `before` and `now`. Without `before` it is DDIM's.
 */
export function dpmSolverStep(
  before: NoiseLevel | undefined,
  now: NoiseLevel,
  next: NoiseLevel,
): StepFactors {
  const first = ddimStep(now, next, 0);
  if (before === undefined) return first;
  const [last, step] = [now.lambda - before.lambda, next.lambda - now.lambda];
  if (!(last > 0 && step <= LONGEST * last)) return first;
  return corrected(first, first.x0 * step / (2 * last));
}

/**
 * The second half of a step of Heun's method on d(x / alpha) / d(sigma / alpha) = eps (Karras et al.
 * 2022, arXiv 2206.00364, algorithm 1): x, which DDIM's step brought from `now` to `next`, moves by
 * half the difference of the two slopes, which are those of x0 now (`previous`) and at `next` (x0).
 */
export function heunCorrection(now: NoiseLevel, next: NoiseLevel): StepFactors {
  const stays = { x: 1, x0: 0, previous: 0, sigma: 0 };
  return corrected(stays, next.alpha * Math.expm1(next.lambda - now.lambda) / 2);
}

/** Whether a step of Heun's method has a second half: across a wide step it would magnify errors of x0. */
export function heunCorrects(now: NoiseLevel, next: NoiseLevel): boolean {
  const ratio = next.lambda - now.lambda;
  return ratio > 0 && ratio <= Math.log(LONGEST);
}

/** A step with a multiple of (x0 - previous) added. */
function corrected(step: StepFactors, weight: number): StepFactors {
  return { ...step, x0: step.x0 + weight, previous: step.previous - weight };
}

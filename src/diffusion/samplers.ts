/**
 * Samplers as pure functions: each step is a linear map of what the network's prediction gives.
 *
 * @module
 */
import { SAMPLER_SCALARS } from "../../kernels/diffusion.ts";
import { cleanFrom, inputFactor, type PredictionMeaning } from "./prediction.ts";
import type { Schedule } from "./schedule.ts";

/** How to go from noise to images. */
export interface SamplerOptions {
  /**
   * "ddpm": ancestral (Ho et al. 2020), the default; "ddim" (Song et al. 2021); "renoise": the
   * original project's, the estimate of x0 noised afresh at each step.
   */
  readonly sampler?: SamplerName;
  /** Network evaluations, at times 1, 1 - 1/steps, ... Default 100. */
  readonly steps?: number;
  /** "ddpm" only: the noise's variance, beta_t ("large") or the posterior's ("small", default). */
  readonly variance?: "large" | "small";
  /** "ddim" only: 0 (default) adds no noise, 1 as much as "ddpm" with the small variance. */
  readonly eta?: number;
  /** Whether the estimate of x0 is clipped to [-1, 1]. Default true. */
  readonly clip?: boolean;
}

/** The samplers' names. */
export type SamplerName = "ddpm" | "ddim" | "renoise";

/** How x at the next time is made: x0 x0 + x x_t + eps eps + sigma (fresh noise). */
export interface StepFactors {
  readonly x0: number;
  readonly x: number;
  readonly eps: number;
  readonly sigma: number;
}

/**
 * Ancestral step: the posterior q(x_next | x_t, x0), in a form without cancellation where gamma is
 * near 0.
 */
export function ddpmStep(now: number, next: number, variance: "large" | "small"): StepFactors {
  const alpha = Math.min(1, now / next);
  const beta = 1 - alpha;
  const posterior = beta * (1 - next) / (1 - now);
  return {
    x0: Math.sqrt(next) * beta / (1 - now),
    x: Math.sqrt(alpha) * (1 - next) / (1 - now),
    eps: 0,
    sigma: Math.sqrt(variance === "large" ? beta : posterior),
  };
}

/** DDIM step (Song et al. 2021, equation 12). */
export function ddimStep(now: number, next: number, eta: number): StepFactors {
  const sigma = eta * Math.sqrt((1 - next) / (1 - now) * (1 - Math.min(1, now / next)));
  const eps = Math.sqrt(Math.max(0, 1 - next - sigma ** 2));
  return { x0: Math.sqrt(next), x: 0, eps, sigma };
}

/** The original project's step: the estimate of x0 noised afresh. */
export function renoiseStep(next: number): StepFactors {
  return { x0: Math.sqrt(next), x: 0, eps: 0, sigma: Math.sqrt(1 - next) };
}

/** One step, ready for the network and for the kernel `sampler step`. */
export interface SamplerStep {
  /** The network's time. */
  readonly t: number;
  /** The kernel's scalars, in the order of its uniform, padded to 12. */
  readonly scalars: Float32Array<ArrayBuffer>;
}

/**
 * All steps, from t = 1 (or a little below, where given times) to t = 0, where the last one gives the
 * estimate of x0 itself. What a step takes and gives is x_t as the network sees it; within, x0 is
 * the image times `inputScale`, by which the last step divides.
 *
 * @param times the network's times in falling order, and the one to arrive at; default uniform
 * @throws {RangeError} when steps is no positive integer, or eta is negative
 */
export function samplerSteps(
  schedule: Schedule,
  meaning: PredictionMeaning,
  options: SamplerOptions,
  times: readonly number[] = uniformTimes(options.steps ?? 100),
): SamplerStep[] {
  const { sampler = "ddpm", variance = "small", eta = 0, clip = true } = options;
  if (!(eta >= 0 && eta <= 1)) throw new RangeError(`eta is ${eta}: needed a number from 0 to 1`);
  const factors = (now: number, next: number): StepFactors => {
    switch (sampler) {
      case "ddpm":
        return ddpmStep(now, next, variance);
      case "ddim":
        return ddimStep(now, next, eta);
      case "renoise":
        return renoiseStep(next);
    }
  };
  return times.slice(0, -1).map((t, index) => {
    const [now, next] = [schedule(t), schedule(times[index + 1])];
    // Re-noising ends on gamma(0), as the original does, even where the schedule's is below 1.
    // Steep schedules round to 1 before that: nothing is left to denoise (and 1 - gamma to divide by).
    const arrive = (times[index + 1] === 0 || now === 1) && sampler !== "renoise";
    const step = arrive ? { x0: 1, x: 0, eps: 0, sigma: 0 } : factors(now, next);
    const clean = cleanFrom(meaning.prediction, now);
    const s = Math.sqrt(1 - now);
    const seen = inputFactor(meaning, now);
    const last = index === times.length - 2;
    const given = last ? 1 / meaning.inputScale : inputFactor(meaning, next);
    const scalars: Record<typeof SAMPLER_SCALARS[number], number> = {
      x0FromX: clean.x / seen,
      x0FromPrediction: clean.output,
      x0Limit: clip ? meaning.inputScale : 3e38,
      noiseFromX: s === 0 ? 0 : 1 / (s * seen),
      noiseFromX0: s === 0 ? 0 : -Math.sqrt(now) / s,
      nextFromX0: given * step.x0,
      nextFromX: given * step.x / seen,
      nextFromNoise: given * step.eps,
      sigma: given * step.sigma,
    };
    const packed = new Float32Array(12);
    packed.set(SAMPLER_SCALARS.map((name) => scalars[name]));
    return { t, scalars: packed };
  });
}

/** 1, 1 - 1/steps, ..., 0. */
export function uniformTimes(steps: number): number[] {
  if (!Number.isInteger(steps) || steps < 1 || steps > 100_000) {
    throw new RangeError(`steps is ${steps}: needed a whole number from 1 to 100000`);
  }
  return Array.from({ length: steps + 1 }, (_, i) => 1 - i / steps);
}

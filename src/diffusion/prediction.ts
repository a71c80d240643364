/**
 * What a prediction means: the noise, the clean image, or v (Salimans & Ho 2022, arXiv 2202.00512).
 *
 * With gamma the share of the signal's variance, a = sqrt(gamma) and s = sqrt(1 - gamma):
 * x_t = a x0 + s eps, and v = a eps - s x0.
 *
 * @module
 */
import type { Prediction } from "../model/config.ts";

/** The target as a mix of the clean image and the noise: x0 x0 + eps eps. */
export function targetOf(prediction: Prediction, gamma: number): { x0: number; eps: number } {
  switch (prediction) {
    case "eps":
      return { x0: 0, eps: 1 };
    case "x0":
      return { x0: 1, eps: 0 };
    case "v":
      return { x0: -Math.sqrt(1 - gamma), eps: Math.sqrt(gamma) };
  }
}

/** The estimate of the clean image from x_t and the prediction: x x_t + output prediction. */
export function cleanFrom(prediction: Prediction, gamma: number): { x: number; output: number } {
  const [a, s] = [Math.sqrt(gamma), Math.sqrt(1 - gamma)];
  switch (prediction) {
    case "eps":
      return { x: 1 / a, output: -s / a };
    case "x0":
      return { x: 0, output: 1 };
    case "v":
      return { x: a, output: -s };
  }
}

/**
 * Per example, (sqrt(gamma), sqrt(1 - gamma), target's share of x0, of noise): what the kernel
 * `add noise` takes.
 */
export function noisingCoefficients(
  prediction: Prediction,
  gammas: readonly number[],
): Float32Array<ArrayBuffer> {
  return new Float32Array(gammas.flatMap((gamma) => {
    const target = targetOf(prediction, gamma);
    return [Math.sqrt(gamma), Math.sqrt(1 - gamma), target.x0, target.eps];
  }));
}

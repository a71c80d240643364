/**
 * The meaning of a prediction: the noise, the clean image, or v (Salimans & Ho 2022, arXiv
 * 2202.00512).
 *
 * With gamma the share of the signal's variance, a = sqrt(gamma) and s = sqrt(1 - gamma):
 * x_t = a x0 + s eps, and v = a eps - s x0. Where a config has an input scale b, x0 is the image
 * times b.
 *
 * @module
 */
import type { Prediction, RinConfig } from "../model/config.ts";

/** Config fields that give x_t and a prediction their meaning. */
export type PredictionMeaning = Pick<RinConfig, "prediction" | "inputScale" | "normalizeInput">;

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
 * Factor on x_t before the network sees it (Chen 2023): with `normalizeInput` one over its standard
 * deviation for images of variance 1, which is exact in float64 and the same for all images of a
 * time; the paper's code divides by the deviation measured on each.
 */
export function inputFactor(
  { inputScale, normalizeInput }: PredictionMeaning,
  gamma: number,
): number {
  return normalizeInput ? 1 / Math.sqrt(gamma * inputScale ** 2 + 1 - gamma) : 1;
}

/**
 * Returns the coefficients of the kernel `add noise`, per example: the shares of the image and of
 * the noise in the network's input, and in its target. x0 stands for the image times `inputScale`
 * everywhere else.
 */
export function noisingCoefficients(
  meaning: PredictionMeaning,
  gammas: readonly number[],
): Float32Array<ArrayBuffer> {
  return new Float32Array(gammas.flatMap((gamma) => {
    const target = targetOf(meaning.prediction, gamma);
    const [b, c] = [meaning.inputScale, inputFactor(meaning, gamma)];
    return [c * b * Math.sqrt(gamma), c * Math.sqrt(1 - gamma), b * target.x0, target.eps];
  }));
}

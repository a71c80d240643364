/**
 * The weight of an example's squared error.
 *
 * With x_t given, an error e of x0 is an error -(a/s) e of eps and -(1/s) e of v, where a^2 = gamma
 * and s^2 = 1 - gamma. So the squared errors are as 1 (x0) to gamma / (1 - gamma) (eps) to
 * 1 / (1 - gamma) (v), and the loss in any of the three spaces is the network's own squared error
 * times a factor of gamma.
 *
 * @module
 */
import type { Prediction } from "../model/config.ts";

/** How examples are weighted. */
export interface LossWeighting {
  /** The space that the error is measured in. */
  readonly lossSpace: "prediction" | Prediction;
  /** Gamma of min-SNR weighting; 0 is off. */
  readonly minSnr: number;
}

/**
 * The largest weight: DDPM's own noise levels end where the SNR is 1e4. Without it one example with
 * gamma at 0 or 1, where the factors have poles, would drown all others.
 */
const LARGEST = 1e4;

/** Share of an x0 error's square in that of the error in each space, times 1 - gamma. */
function squares(space: Prediction, gamma: number): number {
  return { eps: gamma, x0: 1 - gamma, v: 1 }[space];
}

/** The squared error in a space over that of the network's prediction; 0 or infinite at the poles. */
export function spaceRatio(space: Prediction, prediction: Prediction, gamma: number): number {
  return squares(space, gamma) / squares(prediction, gamma);
}

/**
 * The factor on the squared error of an example's prediction.
 *
 * Min-SNR weighting (Hang et al. 2023, arXiv 2303.09556) is the eps loss times min(1, minSnr / SNR),
 * whatever the space, where SNR = b^2 gamma / (1 - gamma): for an eps, x0 and v prediction
 * min(SNR, m) / SNR, min(SNR, m) and min(SNR, m) / (SNR + 1) at b = 1. None of these has a pole.
 *
 * @param prediction the network's prediction
 * @param gamma share of the signal's variance, in (0, 1]
 * @param inputScale the b that images are multiplied by
 */
export function lossWeight(
  { lossSpace, minSnr }: LossWeighting,
  prediction: Prediction,
  gamma: number,
  inputScale = 1,
): number {
  if (minSnr > 0) {
    // The eps loss times the cap, with 1 - gamma divided out where it would be 0 over 0.
    const m = minSnr / inputScale ** 2;
    switch (prediction) {
      case "eps":
        return Math.min(1, m * (1 - gamma) / gamma);
      case "x0":
        return Math.min(gamma / (1 - gamma), m);
      case "v":
        return Math.min(gamma, m * (1 - gamma));
    }
  }
  if (lossSpace === "prediction" || lossSpace === prediction) return 1;
  return Math.min(LARGEST, spaceRatio(lossSpace, prediction, gamma));
}

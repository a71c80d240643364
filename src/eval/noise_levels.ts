/**
 * The loss by noise level, on images that are not trained on.
 *
 * @module
 */
import { spaceRatio } from "../diffusion/loss_weight.ts";
import type { Rin } from "../diffusion/rin.ts";
import { parseSchedule } from "../diffusion/schedule.ts";
import type { TrainOptions } from "../train/options.ts";
import { type Batches, Validator } from "../train/validator.ts";

/** The loss at one noise level. */
export interface NoiseLevelLoss {
  /** The network's time, in (0, 1). */
  readonly t: number;
  /** The share of the signal's variance. */
  readonly gamma: number;
  /** ln(b^2 gamma / (1 - gamma)), b being the config's input scale. */
  readonly logSnr: number;
  /** Mean squared error of the noise. */
  readonly eps: number;
  /** Mean squared error of the image, in [-1, 1]. */
  readonly x0: number;
  /** Mean squared error of v. */
  readonly v: number;
}

/**
 * Measures the loss at the times (i + 1/2) / levels, with self-conditioning where the network was
 * trained with it. At one x_t the errors of eps, x0 and v are multiples of each other, so one pass
 * gives all three. Noise depends on seed, image, time and the number of levels alone.
 *
 * @param images (B, C, H, W), or clips (B, C, T, H, W), in [-1, 1], in any number of batches
 * @param levels number of times
 */
export async function lossByNoise(
  rin: Rin,
  images: Batches,
  levels: number,
  options: Pick<TrainOptions, "seed" | "selfCondRate">,
): Promise<NoiseLevelLoss[]> {
  const { prediction, inputScale, schedule } = rin.config;
  const times = Array.from({ length: levels }, (_, i) => (i + 0.5) / levels);
  const validator = new Validator(rin.device, rin.config, options, undefined, rin.precision);
  try {
    const losses = await validator.losses(rin.weights, images, times);
    return losses.map((loss, i) => {
      const t = times[i];
      const gamma = parseSchedule(schedule)(t);
      const ratio = (space: "eps" | "x0" | "v") => spaceRatio(space, prediction, gamma);
      return {
        t,
        gamma,
        logSnr: Math.log(inputScale ** 2 * gamma / (1 - gamma)),
        eps: loss * ratio("eps"),
        x0: loss * ratio("x0") / inputScale ** 2,
        v: loss * ratio("v"),
      };
    });
  } finally {
    await validator.destroy();
  }
}

/**
 * The moving average of the weights from step to step.
 *
 * @module
 */
import type { TrainOptions } from "./options.ts";

/**
 * The decay with which a step (0-based) enters the average: 1 leaves the average alone (between the
 * steps of `emaEvery`), 0 makes it the weights (up to `emaStart`). Then, s updates of every step
 * later, `emaDecay` or less while it warms up: (1 + s) / (10 + s) as TensorFlow's average with
 * `num_updates`, so that short runs profit too, or 1 - (1 + s)^(-2/3) as ema-pytorch, which
 * lucidrains' projects train with.
 */
export function averageDecay(
  { emaDecay, emaWarmup, emaStart, emaEvery }: TrainOptions,
  step: number,
): number {
  if (step % emaEvery !== 0) return 1;
  if (step < emaStart) return 0;
  const s = step - emaStart;
  switch (emaWarmup) {
    case "ratio":
      return Math.min(emaDecay, (1 + s) / (10 + s));
    case "power":
      return Math.min(emaDecay, 1 - (1 + s) ** (-2 / 3));
    case "none":
      return emaDecay;
  }
}

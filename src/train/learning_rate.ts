/**
 * The learning rate from step to step.
 *
 * @module
 */
import type { TrainOptions } from "./options.ts";

/**
 * The learning rate of a step (0-based): rises linearly over `warmup` steps, then stays ("constant",
 * "plateau") or falls to 0 at `steps` along half a cosine.
 */
export function learningRate(options: TrainOptions, step: number): number {
  const { lr, lrSchedule, warmup, steps } = options;
  if (step < warmup) return lr * (step + 1) / warmup;
  if (lrSchedule !== "cosine") return lr;
  const progress = Math.min(1, (step - warmup) / Math.max(1, steps - warmup));
  return lr * 0.5 * (1 + Math.cos(Math.PI * progress));
}

/** Where reduce-on-plateau stands; part of a checkpoint. */
export interface PlateauState {
  /** Factor on the learning rate so far. */
  readonly scale: number;
  /** Lowest validation loss; null before the first. */
  readonly best: number | null;
  /** Validations since then. */
  readonly waited: number;
}

/** Before the first validation. */
export const PLATEAU_START: PlateauState = { scale: 1, best: null, waited: 0 };

/** Takes a validation loss into account: after `plateauPatience` without improvement, the rate falls. */
export function observePlateau(
  { plateauFactor, plateauPatience }: TrainOptions,
  { scale, best, waited }: PlateauState,
  loss: number,
): PlateauState {
  if (best === null || loss < best) return { scale, best: loss, waited: 0 };
  if (waited < plateauPatience) return { scale, best, waited: waited + 1 };
  return { scale: scale * plateauFactor, best, waited: 0 };
}

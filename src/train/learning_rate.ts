/**
 * The learning rate from step to step.
 *
 * @module
 */
import { cosineShare, type TrainOptions } from "./options.ts";

/**
 * The learning rate of a step (0-based). It rises linearly over `warmup` steps. Then it stays,
 * times the plateau's factor but not below `lrEnd` ("constant", "plateau"); or it falls along half a
 * cosine that reaches `lrEnd` at `steps` ("cosine"), or along the first share P of that half,
 * stretched to end there ("cosine@P": in pix2seq, the paper's code, P = 0.7 ends at 0.21 lr).
 *
 * @param scale the factor of reduce-on-plateau so far
 */
export function learningRate(options: TrainOptions, step: number, scale = 1): number {
  const { lr, lrSchedule, lrEnd, warmup, steps } = options;
  const highest = Math.max(lrEnd, lr * scale);
  if (step < warmup) return highest * (step + 1) / warmup;
  const share = cosineShare(lrSchedule);
  if (Number.isNaN(share)) return highest;
  const progress = Math.min(1, (step - warmup) / Math.max(1, steps - warmup));
  return lrEnd + (highest - lrEnd) * 0.5 * (1 + Math.cos(Math.PI * share * progress));
}

/** State of reduce-on-plateau; part of a checkpoint. */
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

/**
 * Takes a validation loss into account, as torch's ReduceLROnPlateau does: after `plateauPatience`
 * validations that did not improve the next such one lowers the rate. A loss that is no number is no
 * improvement.
 */
export function observePlateau(
  { plateauFactor, plateauPatience, plateauThreshold }: TrainOptions,
  { scale, best, waited }: PlateauState,
  loss: number,
): PlateauState {
  const bar = best === null ? Infinity : best * (1 - plateauThreshold);
  if (loss < bar) return { scale, best: loss, waited: 0 };
  if (waited < plateauPatience) return { scale, best, waited: waited + 1 };
  return { scale: scale * plateauFactor, best, waited: 0 };
}

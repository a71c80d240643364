/**
 * What a checkpoint knows of a run beside the trainer's own state.
 *
 * @module
 */

/** Where a run stands. */
export interface RunState {
  /** Exponential average of the loss; null before the first step. */
  readonly lossAverage: number | null;
  /** Lowest validation loss; null before the first validation. */
  readonly bestValidLoss: number | null;
  /** The step of the last validation. */
  readonly validatedAt: number;
  /** The step of the last grid of samples. */
  readonly sampledAt: number;
}

/** Before the first step. */
export const RUN_START: RunState = {
  lossAverage: null,
  bestValidLoss: null,
  validatedAt: 0,
  sampledAt: 0,
};

/**
 * A run's state in a checkpoint, besides the trainer's own state.
 *
 * @module
 */

/** Current state of a run; changes as it trains. */
export interface RunState {
  /** Exponential average of the loss; null before the first step. */
  lossAverage: number | null;
  /** Lowest validation loss, that of the best checkpoint; null before the first validation. */
  bestValidLoss: number | null;
  /** The step of the last validation. */
  validatedAt: number;
  /** The step of the last grid of samples. */
  sampledAt: number;
  /** Steps that changed nothing because their loss or gradient was not finite. */
  skipped: number;
  /** How many of them are the last ones, without a good step between them. */
  skippedInRow: number;
}

/** Before the first step. */
export const RUN_START: Readonly<RunState> = {
  lossAverage: null,
  bestValidLoss: null,
  validatedAt: 0,
  sampledAt: 0,
  skipped: 0,
  skippedInRow: 0,
};

/**
 * What a run tells of itself while it goes on, and to whom.
 *
 * @module
 */

/**
 * One line of `metrics.jsonl`. A training step's has `loss`, `lossAverage`, `lr`, `gradientNorm`,
 * `epoch`, `imagesPerSecond` and now and then `moments`; a validation's has `validLoss`.
 */
export type MetricsLine = Readonly<Record<string, unknown>> & { readonly step: number };

/**
 * Keeps what a run tells of itself, as lines, curves or pictures: whichever of these calls it has.
 * Steps are counted from 1.
 */
export interface RunRecorder {
  /**
   * The run begins (`step` 0) or goes on after `step`: what was recorded of later steps has not
   * happened and will be told anew. Comes first, and again each time a lost GPU makes it necessary;
   * `metrics.jsonl` is cut before the other recorders are told.
   *
   * @throws {CommandError} when a file can't be read or written
   */
  rewind?(step: number): Promise<void>;
  /**
   * Figures, in the order of steps. What can't be written now is kept for the next call: only
   * `sync` complains.
   */
  scalars?(lines: readonly MetricsLine[]): Promise<void>;
  /**
   * A grid of samples, as a PNG.
   *
   * @throws {CommandError} when it can't be written
   */
  images?(step: number, png: Uint8Array): Promise<void>;
  /**
   * Comes before each checkpoint and at the end: what was recorded must now outlive a power cut.
   *
   * @throws {CommandError} when a file can't be written
   */
  sync?(): Promise<void>;
  /** The run has come to its end, or was stopped; comes last, and not after an error. */
  end?(): Promise<void>;
}

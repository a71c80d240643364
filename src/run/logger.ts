/**
 * The records of a run, and the interface of loggers.
 *
 * @module
 */

/**
 * One line of `metrics.jsonl`. A training step's has `loss`, `lossAverage`, `lr`, `gradientNorm`,
 * `epoch`, `imagesPerSecond`, `dataWait` and now and then `moments`; a step that was not finite has
 * `skipped`; a validation's has `validLoss`.
 */
export type MetricsLine = Readonly<Record<string, unknown>> & { readonly step: number };

/** The start of a run, or its resumption. */
export interface RunStart {
  /** Steps done; 0 in a new run. */
  readonly step: number;
  /** The computing device, in words. */
  readonly device: string;
  /** The difference from the data before, in words, where a resumed run has other data. */
  readonly dataChanged?: string;
}

/**
 * Keeps a run's records, as lines, curves, or pictures. The run calls the methods that a logger
 * has, one at a time, and waits for each. Steps count from 1.
 *
 * @example Follow the loss
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import type { Logger } from "@rin/rin/run";
 *
 * const losses: unknown[] = [];
 * const logger: Logger = {
 *   metrics: (lines) => {
 *     losses.push(...lines.flatMap(({ loss }) => loss ?? []));
 *     return Promise.resolve();
 *   },
 * };
 * await logger.metrics?.([{ step: 1, loss: 0.5 }, { step: 1, validLoss: 0.6 }]);
 * assertEquals(losses, [0.5]);
 * ```
 */
export interface Logger {
  /**
   * The run begins, or resumes after `step`: records of later steps are void and come again. Called
   * first, and once more whenever a lost device takes the run back.
   *
   * @throws {FileError} when a file can't be read or written
   */
  start?(at: RunStart): Promise<void>;
  /**
   * Takes metrics, in the order of steps. Metrics that can't be written now wait for the next call;
   * only `sync` complains.
   */
  metrics?(lines: readonly MetricsLine[]): Promise<void>;
  /**
   * Takes a grid of samples, as a PNG.
   *
   * @throws {FileError} when it can't be written
   */
  samples?(step: number, png: Uint8Array): Promise<void>;
  /**
   * Makes all records outlive a power cut. Called before each checkpoint and at the end.
   *
   * @throws {FileError} when a file can't be written
   */
  sync?(): Promise<void>;
  /** Ends. Called last, when the run reached its end or was stopped, and not after an error. */
  end?(): Promise<void>;
}

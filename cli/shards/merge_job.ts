/**
 * The job of `rin merge`.
 *
 * @module
 */

/** Shares to put together. */
export interface MergeJob {
  /** Their paths. */
  readonly paths: readonly string[];
  /** Where the whole goes; without it they are only checked. */
  readonly out?: string;
  /** How many images there should be. */
  readonly count?: number;
  /** Whether to replace what is there. */
  readonly force: boolean;
}

/**
 * Runners of tapes: threads, or the host itself in slices.
 *
 * @module
 */

/** One replay of a tape. */
export interface Job {
  /** Address of the entries. */
  readonly tape: number;
  /** How many entries there are. */
  readonly count: number;
  /** Bits of the phases to run. */
  readonly phases: number;
  /** Address of the scratch memory. */
  readonly scratch: number;
  /** Bytes of scratch memory for each thread. */
  readonly scratchEach: number;
  /** Whether to time each entry. */
  readonly timed: boolean;
}

/** Milliseconds of each entry of a timed job, 0 for those that were skipped. */
export type Times = Float64Array<ArrayBuffer>;

/** Reports of a runner. */
export interface RunnerEvents {
  /** The oldest job is done; `times` if it was timed. */
  done(times?: Times): void;
  /** Something went wrong; no job will be done any more. */
  failed(message: string): void;
}

/** Runs jobs in order. */
export interface Runner {
  /** How many threads share a job. */
  readonly threads: number;
  /** Runs a job after those that were started before it. It returns at once. */
  start(job: Job): void;
  /** Drops all jobs and ends the threads. */
  stop(): void;
}

/** The function that the builds of kernels/wasm export, see assembly/index.ts. */
export type Run = (
  tape: number,
  from: number,
  count: number,
  phases: number,
  threads: number,
  barrier: number,
  scratch: number,
  budget: number,
) => number;

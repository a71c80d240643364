/**
 * Runs tapes on the host itself where there are no threads: in slices, with a turn of the event
 * loop between them.
 *
 * Where timers end with the request that set them, the host computes in one go instead: several
 * requests that wait for a timer of one of them would never continue.
 *
 * @module
 */
import type { Job, Run, Runner, RunnerEvents, Times } from "./runner.ts";
import { timersStay } from "../timers.ts";
import { turn } from "./turn.ts";

/** Target time of a slice, and of the host's computing between two turns, in milliseconds. */
const TARGET = 10;

/** Nanoseconds of the entries' own estimates for the first slice. */
const FIRST_BUDGET = 2e6;

const MAX_BUDGET = 1e9;

/** One thread: the host's. */
export class Slices implements Runner {
  readonly threads = 1;
  #run: Run;
  #barrier: number;
  #events: RunnerEvents;
  #jobs: Job[] = [];
  #running = false;
  /** The estimated cost of a slice that takes {@linkcode TARGET}. */
  #budget = FIRST_BUDGET;
  /** Milliseconds computed since the event loop had its turn, whatever jobs they were for. */
  #spent = 0;

  /** @param run exported by the build */
  constructor(run: Run, barrier: number, events: RunnerEvents) {
    this.#run = run;
    this.#barrier = barrier;
    this.#events = events;
  }

  start(job: Job): void {
    this.#jobs.push(job);
    if (!this.#running) this.#runAll();
  }

  stop(): void {
    this.#jobs = [];
  }

  async #runAll(): Promise<void> {
    this.#running = true;
    try {
      // Nothing is done before `start` has returned.
      await Promise.resolve();
      for (;;) {
        const [job] = this.#jobs;
        if (job === undefined) break;
        const times = job.timed ? await this.#timed(job) : await this.#sliced(job);
        // The device can have been destroyed during a turn.
        if (this.#jobs[0] !== job) break;
        this.#jobs.shift();
        this.#events.done(times);
      }
    } catch (error) {
      this.#events.failed(String(error));
    } finally {
      this.#running = false;
    }
  }

  async #sliced(job: Job): Promise<undefined> {
    const { tape, count, phases, scratch } = job;
    for (let next = 0; next < count && this.#jobs[0] === job;) {
      const start = performance.now();
      next = this.#run(tape, next, count, phases, 1, this.#barrier, scratch, this.#budget);
      const milliseconds = performance.now() - start;
      this.#calibrate(milliseconds, next < count);
      await this.#yield(milliseconds);
    }
  }

  /** Shortens slices at once and lengthens them slowly. */
  #calibrate(milliseconds: number, full: boolean): void {
    if (milliseconds > TARGET) this.#budget *= TARGET / milliseconds;
    else if (full && milliseconds > 0) this.#budget *= Math.min(1.25, TARGET / milliseconds);
    this.#budget = Math.min(MAX_BUDGET, Math.max(1, Math.round(this.#budget)));
  }

  /** Gives the event loop its turn when enough was computed since the last. */
  async #yield(milliseconds: number): Promise<void> {
    this.#spent += milliseconds;
    if (this.#spent < TARGET || !timersStay) return;
    this.#spent = 0;
    await turn();
  }

  async #timed(job: Job): Promise<Times> {
    const { tape, count, phases, scratch } = job;
    const times: Times = new Float64Array(count);
    for (let i = 0; i < count && this.#jobs[0] === job; i++) {
      const start = performance.now();
      this.#run(tape, i, i + 1, phases, 1, this.#barrier, scratch, 0);
      times[i] = performance.now() - start;
      await this.#yield(times[i]);
    }
    return times;
  }
}

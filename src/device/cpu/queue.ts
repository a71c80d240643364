/**
 * The order of a device's work: jobs run one at a time, and each caller learns when its own ends.
 *
 * @module
 */
import { DeviceLostError } from "../errors.ts";
import type { Job, Runner, RunnerEvents, Times } from "./runner.ts";

type Action = (times?: Times) => void;

/** Jobs in flight, the oldest first, and the actions after each. */
export class Queue {
  #runner: Runner;
  #inFlight: Action[][] = [];
  /** Calls to make on a fault, one for each awaited promise. */
  #waiting = new Set<(fault: Error) => void>();
  #fault: Error | undefined;

  /** @param start makes the runner, which reports to the queue */
  constructor(start: (events: RunnerEvents) => Runner) {
    this.#runner = start({
      done: (times) => this.#inFlight.shift()?.forEach((action) => action(times)),
      failed: (message) => this.close(new DeviceLostError(`The CPU device failed: ${message}`)),
    });
  }

  /** How many threads share a job. */
  get threads(): number {
    return this.#runner.threads;
  }

  /** Whether nothing is in flight. */
  get idle(): boolean {
    return this.#inFlight.length === 0;
  }

  /** Whether a fault has closed it. */
  get closed(): boolean {
    return this.#fault !== undefined;
  }

  /** Throws the fault that closed the queue, if one has. */
  check(): void {
    if (this.#fault) throw this.#fault;
  }

  /** Queues a job, and the actions for its end. */
  submit(job: Job, ...actions: Action[]): void {
    this.check();
    this.#inFlight.push(actions);
    this.#runner.start(job);
  }

  /** Does something when all jobs queued so far are done: at once, if none is in flight. */
  afterAll(action: Action): void {
    const last = this.#inFlight.at(-1);
    if (last) last.push(action);
    else action();
  }

  /**
   * Waits for all jobs queued so far.
   *
   * @returns the times of the last of them, if it was timed
   */
  async finished(): Promise<Times | undefined> {
    this.check();
    let reject: (fault: Error) => void;
    try {
      return await new Promise((resolve, fail) => {
        reject = fail;
        this.#waiting.add(reject);
        this.afterAll(resolve);
      });
    } finally {
      this.#waiting.delete(reject!);
    }
  }

  /** Drops all jobs; from now on everything throws `fault`. */
  close(fault: Error): void {
    if (this.#fault) return;
    this.#fault = fault;
    this.#runner.stop();
    this.#inFlight = [];
    for (const reject of this.#waiting) reject(fault);
  }
}

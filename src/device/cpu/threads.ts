/**
 * Runs tapes in threads, so that the host's event loop stays free.
 *
 * @module
 */
import type { Job, Runner, RunnerEvents, Times } from "./runner.ts";
import { turn } from "./turn.ts";
import { type Answer, type Setup, type Thread, waysToStart } from "./worker.ts";

/**
 * Starts threads that are ready for jobs.
 *
 * @param setup the number of threads, and the setup of each
 * @returns nothing where the runtime or a page's policy allows none
 */
export async function startThreads(
  setup: Setup,
  ways: readonly (() => Thread)[] = waysToStart(),
): Promise<readonly Thread[] | undefined> {
  for (const start of ways) {
    const threads: Thread[] = [];
    try {
      while (threads.length < setup.threads) {
        // Deno blocks the host until a thread has begun: some 30 ms each.
        if (threads.length > 0) await turn();
        threads.push(start());
      }
      await Promise.all(threads.map((thread, index) => ready(thread, { ...setup, thread: index })));
      return threads;
    } catch {
      for (const thread of threads) thread.stop();
    }
  }
}

async function ready(thread: Thread, setup: Setup & { thread: number }): Promise<void> {
  const answer = await new Promise<Answer>((resolve) => {
    thread.listen(resolve);
    thread.send(setup);
  });
  if (answer.type !== "ready") throw new Error("A thread did not start");
}

/** Threads that share each job and meet after each of its entries. */
export class Threads implements Runner {
  #threads: readonly Thread[];
  #events: RunnerEvents;
  #started = 0;
  #done = 0;
  /** How many jobs each thread has finished. */
  #finished: number[];
  /** Each thread's measurements of jobs that others haven't finished. */
  #moments: (Float64Array | undefined)[][];

  /** @param threads made by {@linkcode startThreads} */
  constructor(threads: readonly Thread[], events: RunnerEvents) {
    this.#threads = threads;
    this.#events = events;
    this.#finished = threads.map(() => 0);
    this.#moments = threads.map(() => []);
    threads.forEach((thread, index) => {
      thread.listen((answer) => this.#hear(index, answer));
      thread.hold(false);
    });
  }

  get threads(): number {
    return this.#threads.length;
  }

  start(job: Job): void {
    if (this.#started++ === this.#done) this.#hold(true);
    for (const thread of this.#threads) thread.send(job);
  }

  stop(): void {
    for (const thread of this.#threads) thread.stop();
    this.#threads = [];
  }

  #hear(index: number, answer: Answer): void {
    // A thread that was stopped can still have sent something.
    if (this.#threads.length === 0) return;
    if (answer.type === "failed") return this.#events.failed(answer.message);
    if (answer.type !== "done") return;
    this.#finished[index]++;
    this.#moments[index].push(answer.moments);
    // The tape of a job can be freed when no thread reads it any more, so the slowest counts.
    while (this.#done < Math.min(...this.#finished)) {
      if (++this.#done === this.#started) this.#hold(false);
      this.#events.done(timesOf(this.#moments.map((jobs) => jobs.shift())));
    }
  }

  /** Keeps the process alive while there is work, but not for threads that wait. */
  #hold(alive: boolean): void {
    for (const thread of this.#threads) thread.hold(alive);
  }
}

/**
 * How long each entry took, from each thread's measurements. All threads meet at the end of an
 * entry, so the first to leave it marks the end: the others may have been slow to wake up.
 */
export function timesOf(moments: readonly (Float64Array | undefined)[]): Times | undefined {
  const [first, ...others] = moments;
  if (first === undefined) return undefined;
  const ends = first.map((moment, i) => Math.min(moment, ...others.map((other) => other![i])));
  return new Float64Array(ends.length - 1).map((_, i) => ends[i + 1] - ends[i]);
}

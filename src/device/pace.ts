/**
 * How far the host runs ahead of a device.
 *
 * @module
 */

/** Work that waits for the device while the host prepares more, in milliseconds. */
const AHEAD = 30;

/** Submissions in flight: at first, at least, so that the device never waits for one, and at most. */
const [FIRST, FEWEST, MOST] = [4, 2, 32];

/** A submission of several steps takes some 5 ms; it has this many at most. */
const [SUBMISSION, MOST_STEPS] = [5, 16];

/** A host that doesn't come back for so long, in milliseconds, had nothing to queue. */
const PAUSE = 100;

/** How long steps are counted before these numbers are set again, in milliseconds. */
const WINDOW = 30;

/**
 * Keeps some 30 ms of work queued, by measured time. A runtime can take long to report that a GPU
 * is done (Deno looks every 10 ms), so a host that waits after each step leaves a fast GPU idle
 * most of the time.
 */
export class Pace {
  #fences: { readonly idle: Promise<void>; readonly steps: number }[] = [];
  #depth = FIRST;
  #steps = 1;
  #finished = { submissions: 0, steps: 0 };
  #clock: () => number;
  #since: number;
  /** When the latest call returned. */
  #left: number;

  /** @param clock milliseconds that pass */
  constructor(clock: () => number = () => performance.now()) {
    this.#clock = clock;
    this.#since = this.#left = clock();
  }

  /** Number of submissions that can be in flight at this moment. */
  get depth(): number {
    return this.#depth;
  }

  /** How many steps are worth a submission together, where steps can be. */
  get steps(): number {
    return this.#steps;
  }

  /**
   * Waits until there is room for one more submission.
   *
   * @param idle resolves when the device has done all that is queued, the latest submission included
   * @param steps how many the latest submission has
   */
  async after(idle: Promise<void>, steps = 1): Promise<void> {
    if (this.#clock() - this.#left > PAUSE) this.#restart();
    // The awaited promise reports a lost device; possibly nothing ever awaits it.
    idle.catch(() => {});
    this.#fences.push({ idle, steps });
    while (this.#fences.length > this.#depth) {
      const first = this.#fences.shift()!;
      await first.idle;
      this.#measure(first.steps);
    }
    this.#left = this.#clock();
  }

  #restart(): void {
    this.#finished = { submissions: 0, steps: 0 };
    this.#since = this.#clock();
  }

  /** While too few are in flight, each seems to take a share of the delay: then their number grows. */
  #measure(steps: number): void {
    const { submissions, steps: before } = this.#finished;
    this.#finished = { submissions: submissions + 1, steps: before + steps };
    const now = this.#clock();
    const elapsed = now - this.#since;
    if (elapsed < WINDOW) return;
    const within = (ms: number, count: number) => Math.ceil(ms * count / elapsed);
    this.#depth = clamp(within(AHEAD, this.#finished.submissions), FEWEST, MOST);
    this.#steps = clamp(within(SUBMISSION, this.#finished.steps), 1, MOST_STEPS);
    this.#restart();
  }
}

const clamp = (value: number, least: number, most: number) =>
  Math.min(most, Math.max(least, value));

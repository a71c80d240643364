/**
 * How far the host runs ahead of a device.
 *
 * @module
 */

/** Work that waits for the device while the host prepares more, in milliseconds. */
const AHEAD = 30;

/** Submissions in flight: at first, at least, so that the device never waits for one, and at most. */
const [FIRST, FEWEST, MOST] = [4, 2, 32];

/** How long submissions are counted before their number is set again, in milliseconds. */
const WINDOW = 30;

/**
 * Keeps some 30 ms of work queued, by measured time. A runtime can take long to report that a GPU
 * is done (Deno looks every 10 ms), so a host that waits after each step leaves a fast GPU idle
 * most of the time.
 */
export class Pace {
  #fences: Promise<void>[] = [];
  #depth = FIRST;
  #finished = 0;
  #clock: () => number;
  #since: number;

  /** @param clock milliseconds that pass */
  constructor(clock: () => number = () => performance.now()) {
    this.#clock = clock;
    this.#since = clock();
  }

  /** Number of submissions that can be in flight at this moment. */
  get depth(): number {
    return this.#depth;
  }

  /**
   * Waits until there is room for one more submission.
   *
   * @param idle resolves when the device has done all that is queued, the latest submission included
   */
  async after(idle: Promise<void>): Promise<void> {
    // The awaited promise reports a lost device; possibly nothing ever awaits it.
    idle.catch(() => {});
    this.#fences.push(idle);
    while (this.#fences.length > this.#depth) {
      await this.#fences.shift();
      this.#measure();
    }
  }

  /** While too few are in flight, each seems to take a share of the delay: then their number grows. */
  #measure(): void {
    this.#finished++;
    const now = this.#clock();
    const elapsed = now - this.#since;
    if (elapsed < WINDOW) return;
    const wanted = Math.ceil(AHEAD * this.#finished / elapsed);
    this.#depth = Math.min(MOST, Math.max(FEWEST, wanted));
    this.#finished = 0;
    this.#since = now;
  }
}

/** One line of progress: redrawn in place on a terminal, now and then a plain line elsewhere. */

/** Where and how a {@linkcode Progress} writes. */
export interface ProgressOptions {
  /** What counts as done. */
  total: number;
  isTerminal: boolean;
  /** The terminal's width; 80 unless told. */
  columns?: number;
  write: (s: string) => void;
  /** Milliseconds that never run backwards. */
  now?: () => number;
}

const REDRAW_MS = 100, PLAIN_MS = 10_000, PLAIN_PART = 0.05, WINDOW_MS = 30_000, BAR = 24;

/** A bar, the part done, some fields and the time left. */
export class Progress {
  readonly #options: ProgressOptions;
  readonly #now: () => number;
  /** Recent (time, done), oldest first: the rate is taken over these. */
  readonly #recent: [time: number, done: number][] = [];
  #done = 0;
  #fields: Record<string, string> = {};
  #drawnAt = -Infinity;
  #drawnDone = NaN;
  #visible = false;
  #finished = false;

  constructor(options: ProgressOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#recent.push([this.#now(), 0]);
  }

  /** Notes how far it is. Fields are shown as given: `{ loss: "0.0523", "img/s": "212" }`. */
  update(done: number, fields: Record<string, string>): void {
    if (this.#finished) return;
    const now = this.#now();
    // A resumed run starts far from zero: only what is done from here on says how fast it goes.
    if (Number.isNaN(this.#drawnDone) && done > 0) this.#recent[0] = [this.#recent[0][0], this.#done];
    this.#done = done;
    this.#fields = fields;
  }
}

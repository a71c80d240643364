/** One line of progress: redrawn in place on a terminal, a plain line now and then elsewhere. */

/** Where and how a {@linkcode Progress} writes. */
export interface ProgressOptions {
  /** Total work; `update` gets the part done. */
  total: number;
  isTerminal: boolean;
  /** The terminal's width; default 80. */
  columns?: number;
  write: (s: string) => void;
  /** A monotonic clock, milliseconds; default `performance.now`. */
  now?: () => number;
}

const REDRAW_MS = 100; // on a terminal
const PLAIN_MS = 10_000, PLAIN_PART = 0.05, PLAIN_LEAST_MS = 1000; // elsewhere
const RATE_MS = 30_000; // the recent window that says how fast it goes
const BAR = 24, BAR_LEAST = 8;
const CLEAR = "\r\x1b[K";

/** A bar, the percentage, some fields and the time left. */
export class Progress {
  readonly #total: number;
  readonly #options: ProgressOptions;
  readonly #now: () => number;
  readonly #startedAt: number;
  /** Times and the work done by then, oldest first; the rate counts from the oldest. */
  #recent: { time: number; done: number }[] = [];
  #done = 0;
  #fields: Record<string, string> = {};
  #left: number | undefined;
  #drawn = { time: -Infinity, done: -Infinity };
  #finished = false;

  constructor(options: ProgressOptions) {
    this.#options = options;
    this.#total = options.total;
    this.#now = options.now ?? (() => performance.now());
    this.#startedAt = this.#now();
  }

  /**
   * Notes how much is done and draws it when it is time to.
   *
   * The rate counts from the first call, so that a resumed run doesn't look fast. A field is shown
   * as name and value (`loss 0.0523`), one with a slash in its name as value and unit
   * (`212 img/s`).
   *
   * @param left milliseconds left, where the caller knows better than the rate
   */
  update(done: number, fields: Record<string, string>, left?: number): void {
    if (this.#finished) return;
    const time = this.#now();
    if (done < this.#done) this.#recent = [];
    this.#done = done;
    this.#fields = fields;
    this.#left = left;
    while (this.#recent.length > 1 && this.#recent[1].time <= time - RATE_MS) this.#recent.shift();
    if (!(time - (this.#recent.at(-1)?.time ?? -Infinity) < RATE_MS / 100)) {
      this.#recent.push({ time, done });
    }
    if (this.#isDue(time)) this.#draw(time);
  }

  /** Writes a line of its own, above the bar. */
  line(text: string): void {
    const { isTerminal, write } = this.#options;
    const visible = isTerminal && !this.#finished && this.#drawn.time > -Infinity;
    write((visible ? CLEAR : "") + text + "\n");
    if (visible) this.#draw(this.#now());
  }

  /** Draws the last state, with the time it took, and ends the line. Later calls do nothing. */
  finish(): void {
    if (this.#finished) return;
    this.#finished = true;
    if (this.#drawn.time === -Infinity) return;
    this.#draw(this.#now());
    if (this.#options.isTerminal) this.#options.write("\n");
  }

  #isDue(time: number): boolean {
    const waited = time - this.#drawn.time;
    if (this.#options.isTerminal) return waited >= REDRAW_MS;
    if (waited >= PLAIN_MS) return true;
    return waited >= PLAIN_LEAST_MS && this.#done - this.#drawn.done >= PLAIN_PART * this.#total;
  }

  #draw(time: number): void {
    this.#drawn = { time, done: this.#done };
    const { isTerminal, write, columns = 80 } = this.#options;
    const part = this.#total > 0 ? Math.min(1, Math.max(0, this.#done / this.#total)) : 1;
    const percent = `${Math.floor(part * 100)}%`.padStart(4);
    const words = [
      `${percent} ${this.#done}/${this.#total}`,
      ...Object.entries(this.#fields).map(([name, value]) =>
        oneLine(name.includes("/") ? `${value} ${name}` : `${name} ${value}`)
      ),
    ];
    const clock = this.#finished ? `in ${duration(time - this.#startedAt)}` : this.#timeLeft(time);
    if (!isTerminal) return write([...words, ...clock ? [clock] : []].join("  ").trim() + "\n");

    const room = columns - 1; // a full last column makes some terminals wrap
    const width = (bar: number) =>
      (bar > 0 ? bar + 1 : 0) + words.join("  ").length + (clock ? clock.length + 2 : 0);
    while (width(0) > room && words.length > 1) words.pop();
    const bar = Math.min(BAR, room - width(0) - 1);
    const drawing = bar >= BAR_LEAST ? `${drawBar(bar, part)} ` : "";
    const text = drawing + words.join("  ") + (clock ? `  ${clock}` : "");
    write(CLEAR + text.slice(0, Math.max(0, room)));
  }

  #timeLeft(time: number): string {
    if (this.#left !== undefined) return `${duration(this.#left)} left`;
    const from = this.#recent[0];
    const done = this.#done - from.done, took = time - from.time;
    if (done <= 0 || took <= 0) return "";
    return `${duration((this.#total - this.#done) * took / done)} left`;
  }
}

function drawBar(width: number, part: number): string {
  const full = Math.floor(part * width);
  return "━".repeat(full) + "─".repeat(width - full);
}

/** A field with a line break or an escape code would tear the line. */
function oneLine(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replace(/[\x00-\x1f\x7f]+/g, " ");
}

/** Such as 8s, 3m12s, 2h05m or 3d04h. */
function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const units: [size: number, name: string][] = [[86400, "d"], [3600, "h"], [60, "m"], [1, "s"]];
  const first = units.findIndex(([size]) => seconds >= size);
  if (first < 0 || first === 3) return `${seconds}s`;
  const [[size, name], [minor, minorName]] = [units[first], units[first + 1]];
  const rest = Math.floor(seconds % size / minor);
  return `${Math.floor(seconds / size)}${name}${String(rest).padStart(2, "0")}${minorName}`;
}

/**
 * Output of a working command: notes and a progress bar, on stderr so that results on stdout can be
 * piped.
 *
 * @module
 */
import { Progress } from "./progress.ts";

const encoder = new TextEncoder();

/** Writes all of a text; a single write can stop early. */
function writeAll(stream: typeof Deno.stderr | typeof Deno.stdout, text: string): void {
  const bytes = encoder.encode(text);
  try {
    for (let at = 0; at < bytes.length;) at += stream.writeSync(bytes.subarray(at));
  } catch (thrown) {
    // Nobody listens any more, as in `rin info F | head`, or the terminal was closed; a run is worth
    // finishing all the same.
    const gone = thrown instanceof Deno.errors.BrokenPipe ||
      (thrown as { code?: string }).code === "EIO";
    if (!gone) throw thrown;
  }
}

/** Writes results, to stdout. */
export function print(text: string): void {
  writeAll(Deno.stdout, text + "\n");
}

/** Writes an error, to stderr, whether or not the command is quiet. */
export function printError(text: string): void {
  writeAll(Deno.stderr, text + "\n");
}

/** Notes and progress of one command. */
export class Terminal {
  #progress: Progress | undefined;

  /** @param quiet whether to print nothing */
  constructor(readonly quiet: boolean) {}

  /** Writes a line of its own, above the bar where there is one. */
  note(text: string): void {
    if (this.quiet) return;
    if (this.#progress) this.#progress.line(text);
    else writeAll(Deno.stderr, text + "\n");
  }

  /** Writes a text that must appear even if the command is quiet. */
  warn(text: string): void {
    if (this.quiet) printError(`rin: ${text}`);
    else this.note(`rin: ${text}`);
  }

  /**
   * Shows how far something has got; the first call, or a new total after `finish`, begins a bar.
   *
   * @param left milliseconds left, where the caller knows better than the rate
   */
  progress(
    done: number,
    total: number,
    fields: Record<string, string> = {},
    left?: number,
  ): void {
    if (this.quiet) return;
    this.#progress ??= new Progress({
      total,
      isTerminal: Deno.stderr.isTerminal(),
      columns: columns(),
      write: (text) => writeAll(Deno.stderr, text),
    });
    this.#progress.update(done, fields, left);
  }

  /** Ends the bar. */
  finish(): void {
    this.#progress?.finish();
    this.#progress = undefined;
  }
}

function columns(): number | undefined {
  try {
    return Deno.consoleSize().columns;
  } catch {
    return undefined; // no terminal
  }
}

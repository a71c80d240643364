/**
 * Ctrl-C, or another signal to end: the first one asks to stop, the second one stops.
 *
 * @module
 */

/** Exit code of a command that was interrupted. */
export const INTERRUPTED = 130;

/** A signal so soon after the first, in ms, is the same one, passed on by a program in between such as timeout. */
const SAME = 300;

/** Whether the process outlives its terminal. */
let nohup = false;

/**
 * Looks whether SIGHUP is ignored, as under `nohup`. For the beginning of a command: Deno ends that
 * state of things as soon as it listens to any signal, be it for purposes of its own.
 */
export async function detectNohup(): Promise<void> {
  const status = await Deno.readTextFile("/proc/self/status").catch(() => "");
  const ignored = /^SigIgn:\s*([0-9a-f]+)$/m.exec(status)?.[1];
  // Elsewhere than on Linux it can't be seen; but nohup takes the terminal from the output.
  nohup = ignored === undefined
    ? !Deno.stderr.isTerminal()
    : Number("0x" + ignored.at(-1)) % 2 === 1;
}

/**
 * A signal that the first Ctrl-C aborts, or SIGTERM, or SIGHUP (the terminal was closed) where
 * `nohup` has not asked to outlive that; the second one leaves at once. Until it listens, the first
 * one leaves at once, too.
 */
export class Interruption {
  readonly #controller = new AbortController();
  readonly #onFirst: () => void;
  #first = 0;
  #heard: [signal: Deno.Signal, listener: () => void][] = [];

  /** @param onFirst called at the first one */
  constructor(onFirst: () => void) {
    this.#onFirst = onFirst;
  }

  /** Aborted when the person wants to stop. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Begins to listen. */
  listen(): void {
    if (this.#heard.length > 0) return;
    const listener = () => this.#hear();
    const deaf = Deno.build.os !== "windows" && nohup;
    const signals: Deno.Signal[] = Deno.build.os === "windows"
      ? ["SIGINT"]
      : ["SIGINT", "SIGTERM", "SIGHUP"];
    this.#heard = signals.map((
      signal,
    ) => [signal, deaf && signal === "SIGHUP" ? ignore : listener]);
    for (const [signal, listener] of this.#heard) Deno.addSignalListener(signal, listener);
  }

  /**
   * Listens no more. Once it has heard a signal, the program is about to end: the same signal can still
   * come again, passed on by another program, and must not end it with another exit code.
   */
  close(): void {
    if (this.signal.aborted) return;
    for (const [signal, listener] of this.#heard) Deno.removeSignalListener(signal, listener);
    this.#heard = [];
  }

  #hear(): void {
    if (this.signal.aborted) {
      if (performance.now() - this.#first < SAME) return;
      Deno.exit(INTERRUPTED);
    }
    this.#first = performance.now();
    this.#controller.abort();
    this.#onFirst();
  }
}

/** Runs `work` with the signal of an {@linkcode Interruption} that listens all the time. */
export async function interruptible<T>(
  work: (stop: AbortSignal) => Promise<T>,
  onFirst: () => void,
): Promise<T> {
  const interruption = new Interruption(onFirst);
  interruption.listen();
  try {
    return await work(interruption.signal);
  } finally {
    interruption.close();
  }
}

/** Waits until something is to stop. */
export async function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
}

/**
 * An empty listener is needed: with one for any signal, Deno stops ignoring what nohup has it
 * ignore.
 */
function ignore(): void {}

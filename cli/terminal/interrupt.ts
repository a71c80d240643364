/**
 * Ctrl-C, or another signal to end: the first one asks to stop, the second one stops.
 *
 * @module
 */

/** Exit code of a command that was interrupted. */
export const INTERRUPTED = 130;

/** A signal so soon after the first, in ms, is the same one, passed on by a program in between such as timeout. */
const SAME = 300;

/** Whether the process is to outlive its terminal. */
let nohup = false;

/**
 * Looks whether SIGHUP is ignored, as under `nohup`. For the beginning of a command: Deno ends that
 * state of things as soon as it listens to any signal, be it for purposes of its own.
 */
export async function heedNohup(): Promise<void> {
  const status = await Deno.readTextFile("/proc/self/status").catch(() => "");
  const ignored = /^SigIgn:\s*([0-9a-f]+)$/m.exec(status)?.[1];
  // Elsewhere than on Linux it can't be seen; but nohup takes the terminal from the output.
  nohup = ignored === undefined
    ? !Deno.stderr.isTerminal()
    : Number("0x" + ignored.at(-1)) % 2 === 1;
}

/**
 * Runs `work` with a signal that is aborted by the first Ctrl-C, by SIGTERM, or by SIGHUP (the
 * terminal was closed) where `nohup` has not asked to outlive that; the second one leaves at once.
 */
export async function interruptible<T>(
  work: (stop: AbortSignal) => Promise<T>,
  onFirst: () => void,
): Promise<T> {
  const controller = new AbortController();
  let first = 0;
  const listener = () => {
    if (controller.signal.aborted) {
      if (performance.now() - first < SAME) return;
      Deno.exit(INTERRUPTED);
    }
    first = performance.now();
    controller.abort();
    onFirst();
  };
  const signals: Deno.Signal[] = Deno.build.os === "windows"
    ? ["SIGINT"]
    : ["SIGINT", "SIGTERM", "SIGHUP"];
  const deaf = Deno.build.os !== "windows" && nohup;
  const heard = (signal: Deno.Signal) => deaf && signal === "SIGHUP" ? ignore : listener;
  for (const signal of signals) Deno.addSignalListener(signal, heard(signal));
  try {
    return await work(controller.signal);
  } finally {
    for (const signal of signals) Deno.removeSignalListener(signal, heard(signal));
  }
}

/** Waits until something is to stop. */
export async function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
}

/** A listener all the same: with one for any signal, Deno stops ignoring what nohup has it ignore. */
function ignore(): void {}

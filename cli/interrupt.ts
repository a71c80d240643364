/**
 * Ctrl-C: the first one asks to stop, the second one stops.
 *
 * @module
 */

/** Exit code of a command that was interrupted. */
export const INTERRUPTED = 130;

/** Runs `work` with a signal that the first Ctrl-C, or SIGTERM, aborts; the second one leaves at once. */
export async function interruptible<T>(
  work: (stop: AbortSignal) => Promise<T>,
  onFirst: () => void,
): Promise<T> {
  const controller = new AbortController();
  const listener = () => {
    if (controller.signal.aborted) Deno.exit(INTERRUPTED);
    controller.abort();
    onFirst();
  };
  const signals: Deno.Signal[] = Deno.build.os === "windows" ? ["SIGINT"] : ["SIGINT", "SIGTERM"];
  for (const signal of signals) Deno.addSignalListener(signal, listener);
  try {
    return await work(controller.signal);
  } finally {
    for (const signal of signals) Deno.removeSignalListener(signal, listener);
  }
}

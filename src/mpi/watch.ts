/**
 * Notices processes that are gone, so that nobody waits for them.
 *
 * A launcher ends all when one of its processes ends badly. But it can't know of a machine that is
 * cut off, and MPI's calls then wait for ever. So each process sends rank 0 a sign of life every half
 * second, and rank 0 sends each one; who hears nothing for a while ends.
 *
 * @module
 */
import type { MpiLibrary } from "./library.ts";
import { watchOver, type WatchSetup } from "./watch_over.ts";

/** Milliseconds of silence, after which a process counts as gone. */
const SILENCE = 6000;

/** Milliseconds that the program has to end by itself after the message. */
const GRACE = 1000;

/** A thread that watches over the other processes. */
export class Watch {
  readonly #worker: Worker;
  readonly #ended = Promise.withResolvers<void>();

  private constructor(worker: Worker) {
    this.#worker = worker;
  }

  /** Starts to watch. */
  static async start(
    { file, world, float }: MpiLibrary,
    { rank, size, hosts }: {
      readonly rank: number;
      readonly size: number;
      readonly hosts: readonly string[];
    },
    onLost: (sentence: string) => void,
  ): Promise<Watch> {
    // Only a worker with a text of its own starts in a program that is packed as one file.
    const text = `(${watchOver})()`;
    const worker = new Worker(`data:text/javascript,${encodeURIComponent(text)}`, {
      type: "module",
    });
    const watch = new Watch(worker);
    const begun = Promise.withResolvers<void>();
    worker.onmessage = ({ data }: MessageEvent<"begun" | "ended" | { lost: string }>) => {
      if (data === "begun") begun.resolve();
      else if (data === "ended") watch.#ended.resolve();
      else onLost(data.lost);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      begun.reject(new Error(event.message));
    };
    const setup: WatchSetup = {
      ...{ file, world, float, rank, size, hosts },
      ...{ silence: SILENCE, grace: GRACE },
    };
    worker.postMessage(setup);
    await begun.promise;
    return watch;
  }

  /** Ends together with the others. */
  async end(): Promise<void> {
    this.#worker.postMessage("end");
    await this.#ended.promise;
    this.#worker.terminate();
  }
}

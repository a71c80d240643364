/**
 * A thread of the CPU device: its work, and its start by the host.
 *
 * @module
 */
import type { Job, Run } from "./runner.ts";

/** Setup of a thread, before its first job. */
export interface Setup {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly threads: number;
  /** Address of the barrier's words. */
  readonly barrier: number;
}

/** Messages to a thread. */
export type Order = (Setup & { readonly thread: number }) | Job;

/** Answers of a thread: "ready" to its setup, "done" to a job. */
export type Answer =
  | { readonly type: "ready" }
  | {
    readonly type: "done";
    /**
     * Of a timed job: when this thread began, and when it left each entry, in milliseconds of the
     * clock that all threads share.
     */
    readonly moments?: Float64Array<ArrayBuffer>;
  }
  | { readonly type: "failed"; readonly message: string };

/**
 * The work of a thread. Only its text reaches the thread, so it uses nothing from outside; and it
 * names no function, since bundlers that keep names would call a helper from outside for each.
 */
function work(): void {
  const scope = globalThis as unknown as Scope;
  const port = scope.process?.getBuiltinModule?.("node:worker_threads")?.parentPort ?? scope;
  let setup: (Setup & { thread: number }) | undefined;
  let run: Run | undefined;
  let size = 0;
  port.onmessage = ({ data }) => {
    try {
      if ("module" in data) {
        setup = data;
        port.postMessage({ type: "ready" });
        return;
      }
      const { thread, threads, barrier, memory, module } = setup!;
      const { tape, count, phases, scratch, scratchEach, timed } = data;
      const own = scratch + thread * scratchEach;
      // Asking for the buffer makes V8 see that the host has grown the memory. In JavaScriptCore an
      // instance in another thread never sees it, so there is a new one after each growth.
      const { byteLength } = memory.buffer;
      if (byteLength !== size) {
        run = new WebAssembly.Instance(module, { env: { memory } }).exports.run as Run;
        size = byteLength;
      }
      let moments: Float64Array<ArrayBuffer> | undefined;
      if (timed) {
        const origin = performance.timeOrigin;
        moments = new Float64Array(count + 1);
        moments[0] = origin + performance.now();
        for (let i = 0; i < count; i++) {
          run!(tape, i, i + 1, phases, threads, barrier, own, 0);
          moments[i + 1] = origin + performance.now();
        }
      } else run!(tape, 0, count, phases, threads, barrier, own, 0);
      port.postMessage({ type: "done", moments });
    } catch (error) {
      port.postMessage({ type: "failed", message: String(error) });
    }
  };
}

interface Port {
  onmessage: ((event: { readonly data: Order }) => void) | null;
  postMessage(answer: Answer): void;
}

/** The globals of a thread: a browser's, or those of Node, which hides its port in a module. */
interface Scope extends Port {
  readonly process?: {
    getBuiltinModule?(name: "node:worker_threads"): { readonly parentPort: Port | null };
  };
}

/** A thread as the host sees it. */
export interface Thread {
  send(order: Order): void;
  /** Sets the listener of its answers; a crash is the answer "failed". */
  listen(onAnswer: (answer: Answer) => void): void;
  /** Whether the thread keeps the process alive. */
  hold(alive: boolean): void;
  stop(): void;
}

interface NodeWorker {
  postMessage(order: Order): void;
  on(event: "message", listener: (answer: Answer) => void): void;
  on(event: "error", listener: (error: unknown) => void): void;
  ref(): void;
  unref(): void;
  terminate(): Promise<number>;
}

interface Host {
  readonly process?: {
    getBuiltinModule?(name: "node:worker_threads"): {
      Worker: new (text: string, options: { eval: true; execArgv: string[] }) => NodeWorker;
    };
  };
  readonly Worker?: typeof Worker;
}

const host = globalThis as unknown as Host;

/**
 * Ways to start a thread, the best first. Node's workers (Deno and Bun have them, too) can let the
 * process end while they wait. Neither needs a permission or a file. A page's policy can forbid each
 * of the others; and a data URL has no origin, for which browsers can refuse to share memory with it.
 */
export function waysToStart(): readonly (() => Thread)[] {
  const text = `(${work})()`;
  let NodeWorker;
  try {
    NodeWorker = host.process?.getBuiltinModule?.("node:worker_threads")?.Worker;
  } catch {
    // A runtime with a partial `process`: as good as none.
  }
  const ways: (() => Thread)[] = [];
  if (NodeWorker) ways.push(() => nodeThread(new NodeWorker(text, { eval: true, execArgv: [] })));
  if (host.Worker) {
    ways.push(() => {
      const url = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
      return webThread(url, () => URL.revokeObjectURL(url));
    });
    ways.push(() => webThread(`data:text/javascript,${encodeURIComponent(text)}`));
  }
  return ways;
}

function nodeThread(worker: NodeWorker): Thread {
  let heed = (_: Answer) => {};
  worker.on("message", (answer) => heed(answer));
  worker.on("error", (error) => heed({ type: "failed", message: String(error) }));
  return {
    send: (order) => worker.postMessage(order),
    listen(onAnswer) {
      heed = onAnswer;
    },
    hold: (alive) => alive ? worker.ref() : worker.unref(),
    stop: () => void worker.terminate(),
  };
}

function webThread(url: string, onStop = () => {}): Thread {
  const worker = new Worker(url, { type: "module" });
  return {
    send: (order) => worker.postMessage(order),
    listen(onAnswer) {
      worker.onmessage = ({ data }: MessageEvent<Answer>) => onAnswer(data);
      worker.onerror = (event) => {
        event.preventDefault();
        onAnswer({ type: "failed", message: event.message ?? "a worker did not start" });
      };
      worker.onmessageerror = () =>
        onAnswer({ type: "failed", message: "a worker can't share memory" });
    },
    hold() {},
    stop() {
      worker.terminate();
      onStop();
    },
  };
}

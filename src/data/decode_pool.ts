/**
 * Decodes image and clip files on all cores, away from the main thread.
 *
 * Its workers run this module, too: each is started from `import.meta.url` under a name of its own,
 * and serves when it sees that name. So there is no second file to find: where a bundler has put
 * the whole program into one file, the workers are started from that file, and the program's entry
 * only has to do nothing unless `import.meta.main`.
 * @module
 */
import { decodeClipFile } from "./clips.ts";
import { decodeFile } from "./decode_file.ts";
import { DataError, reasonOf } from "./errors.ts";
import type { ClipFile } from "./image_file.ts";
import { freeTurn, giveTurn, newTurn, useTurn } from "./large_turn.ts";
import type { StoredPicture } from "./resize.ts";

const WORKER = "rin-decode";

/** Files given to a worker at a time, so that it never waits for the next one. */
const IN_FLIGHT = 2;

/** Beyond these the disk is the limit. */
const MAX_WORKERS = 16;

/** The path of an image, or a clip. */
type OnDisk = string | Omit<ClipFile, "name">;

interface Job {
  readonly id: number;
  /** A file or folder on the disk, or an image's bytes. */
  readonly file: OnDisk | Uint8Array<ArrayBuffer>;
  readonly picture: StoredPicture;
}

type Answer =
  | { readonly id: number; readonly pixels: Uint8Array<ArrayBuffer> }
  | { readonly id: number; readonly reason: string };

interface Waiting {
  readonly file: OnDisk | (() => Uint8Array<ArrayBuffer>);
  readonly picture: StoredPicture;
  readonly resolve: (pixels: Uint8Array<ArrayBuffer>) => void;
  readonly reject: (error: DataError) => void;
}

/** The global scope of a worker; its types are not those of the main thread. */
interface WorkerScope {
  readonly name: string;
  onmessage: ((event: MessageEvent<Job | SharedArrayBuffer>) => void) | null;
  postMessage(answer: Answer, transfer: Transferable[]): void;
}

/** Workers that decode files; started with the first file, ended by {@linkcode DecodePool.close}. */
export class DecodePool {
  readonly #size: number;
  readonly #workers = new Map<Worker, Map<number, Waiting>>();
  readonly #queue: Waiting[] = [];
  /** Large pictures are decoded one at a time. */
  readonly #turn = newTurn();
  #next = 0;

  /** @param size how many workers; as many as there are cores by default */
  constructor(size: number = Math.min(navigator.hardwareConcurrency, MAX_WORKERS)) {
    this.#size = size;
  }

  /** Files that keep every worker busy. */
  get capacity(): number {
    return this.#size * IN_FLIGHT;
  }

  /**
   * Decodes an image, given by its path, as {@linkcode decodeFile} does, or a clip as
   * {@linkcode decodeClipFile} does.
   *
   * @param file a file or folder on the disk, or a function that reads an image's bytes: it is
   * called when a worker is free for them, in the order of these calls, so that few are in memory
   * @returns (C, H, W), of a clip (F, C, H, W), values 0..255
   * @throws {DataError} naming the file's problem
   */
  decode(file: Waiting["file"], picture: StoredPicture): Promise<Uint8Array<ArrayBuffer>> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ file, picture, resolve, reject });
      this.#dispatch();
    });
  }

  /** Ends the workers; jobs in progress never get an answer. */
  close(): void {
    for (const worker of this.#workers.keys()) worker.terminate();
    this.#workers.clear();
  }

  #dispatch(): void {
    while (this.#queue.length > 0) {
      const free = [...this.#workers].find(([, waiting]) => waiting.size === 0) ??
        (this.#workers.size < this.#size ? this.#start() : undefined) ??
        [...this.#workers].find(([, waiting]) => waiting.size < IN_FLIGHT);
      if (!free) return;
      const [worker, waiting] = free;
      const next = this.#queue.shift()!;
      try {
        const file = typeof next.file === "function" ? next.file() : next.file;
        const job: Job = { id: this.#next++, file, picture: next.picture };
        waiting.set(job.id, next);
        worker.postMessage(job, file instanceof Uint8Array ? [file.buffer] : []);
      } catch (thrown) {
        next.reject(new DataError(reasonOf(thrown)));
      }
    }
  }

  #start(): [Worker, Map<number, Waiting>] {
    const worker = new Worker(import.meta.url, { type: "module", name: WORKER });
    worker.postMessage(this.#turn);
    const waiting = new Map<number, Waiting>();
    worker.onmessage = ({ data }: MessageEvent<Answer>) => {
      const { resolve, reject } = waiting.get(data.id)!;
      waiting.delete(data.id);
      if ("pixels" in data) resolve(data.pixels);
      else reject(new DataError(data.reason));
      this.#dispatch();
    };
    worker.onerror = (event) => {
      event.preventDefault();
      worker.terminate();
      freeTurn(this.#turn);
      this.#workers.delete(worker);
      for (const { reject } of waiting.values()) {
        reject(new DataError(`Cannot decode it: the decoder stopped (${event.message})`));
      }
      this.#dispatch();
    };
    this.#workers.set(worker, waiting);
    return [worker, waiting];
  }
}

function serve(scope: WorkerScope): void {
  scope.onmessage = ({ data }) => {
    if (data instanceof SharedArrayBuffer) return useTurn(data);
    const { id, file, picture } = data;
    try {
      const isImage = typeof file === "string" || file instanceof Uint8Array;
      const pixels = isImage ? decodeFile(file, picture) : decodeClipFile(file, picture);
      scope.postMessage({ id, pixels }, [pixels.buffer]);
    } catch (thrown) {
      scope.postMessage({ id, reason: reasonOf(thrown) }, []);
    } finally {
      giveTurn();
    }
  };
}

const scope = globalThis as unknown as WorkerScope;
if (scope.name === WORKER) serve(scope);

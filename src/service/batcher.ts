/**
 * Batches images of requests that wait at the same moment, as far as their settings agree.
 *
 * @module
 */
import { type Deferred, deferred } from "../device/deferred.ts";
import { DeviceLostError } from "../device/errors.ts";
import type { Rin } from "../diffusion/rin.ts";
import { exampleSize } from "../model/example.ts";
import { HttpError, retryLater } from "./answers.ts";
import type { ImageRequest } from "./image_request.ts";
import type { ServiceLimits } from "./limits.ts";
import type { Metrics } from "./metrics.ts";

/** Plans that are kept: for full batches, for one image, and for a size between, with guidance or without. */
const MAX_PLANS = 4;

/**
 * Callbacks of a request. Images are (C, H, W), clips (C, T, H, W), in [-1, 1], by their number in
 * the request.
 */
export interface Listener {
  readonly onImage: (index: number, image: Float32Array) => void;
  readonly onPreview?: (index: number, image: Float32Array, step: number) => void;
  /** Steps of images done, of all. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** A request that waits, or has some of its images in progress. */
interface QueuedRequest {
  readonly request: ImageRequest;
  readonly listener: Listener;
  readonly since: number;
  /** Images that are made or in the making. */
  begun: number;
  made: number;
  gone: boolean;
  readonly settled: Deferred<void>;
}

/** Some images of a request, in a batch. */
interface Part {
  readonly of: QueuedRequest;
  readonly from: number;
  readonly to: number;
}

/** The queue before one network. */
export class Batcher {
  #queue: QueuedRequest[] = [];
  #current: { readonly parts: readonly Part[]; readonly stop: AbortController } | undefined;
  #running = false;
  /** Ends the waiting for others. */
  #endGathering: (() => void) | undefined;
  #stopReason: Error | undefined;
  /** Recent time of one step of one image, seconds. */
  #seconds = 0.01;

  constructor(
    private readonly rin: Rin,
    private readonly limits: ServiceLimits,
    private readonly metrics: Metrics,
    private readonly onFault: (fault: Error) => void = () => {},
  ) {}

  /** Images that wait. */
  get waiting(): number {
    return this.#queue.reduce((sum, { request, begun }) => sum + request.count - begun, 0);
  }

  /** The reason why nothing more is made, if there is one. */
  get stopReason(): Error | undefined {
    return this.#stopReason;
  }

  /**
   * Takes a request.
   *
   * @param signal leaves the rest undone
   * @returns a promise that settles when all images are made
   * @throws {HttpError} 429 when too many images wait, 503 when nothing more is made
   */
  add(request: ImageRequest, listener: Listener, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#stopReason) throw new HttpError(503, this.#stopReason.message);
    const { waiting } = this;
    if (waiting > 0 && waiting + request.count > this.limits.queue) {
      throw retryLater(
        429,
        `${waiting} images are waiting, of at most ${this.limits.queue}: try again later`,
        this.#secondsOfQueue(),
      );
    }
    const entry: QueuedRequest = {
      request,
      listener,
      since: performance.now(),
      begun: 0,
      made: 0,
      gone: false,
      settled: deferred(),
    };
    signal.addEventListener("abort", () => this.#leave(entry, signal.reason), { once: true });
    this.#queue.push(entry);
    if (this.#partsOf(this.#queue[0]).full) this.#endGathering?.();
    if (!this.#running) this.#run();
    return entry.settled.promise;
  }

  /** Leaves everything undone, for good. */
  stop(reason: Error): void {
    this.#stopReason ??= reason;
    const all = [...this.#queue, ...this.#current?.parts.map((part) => part.of) ?? []];
    for (const entry of all) this.#leave(entry, reason);
  }

  #secondsOfQueue(): number {
    const steps = this.#queue.reduce(
      (sum, { request, begun }) => sum + (request.count - begun) * request.settings.steps,
      0,
    );
    return Math.max(1, Math.min(60, Math.ceil(steps * this.#seconds)));
  }

  #leave(entry: QueuedRequest, reason: unknown): void {
    if (entry.gone) return;
    entry.gone = true;
    entry.settled.reject(reason);
    this.#queue = this.#queue.filter((other) => other !== entry);
    this.#endGathering?.();
    const { parts, stop } = this.#current ?? {};
    if (parts?.every((part) => part.of.gone)) stop?.abort(reason);
  }

  async #run(): Promise<void> {
    this.#running = true;
    // Requests of the same moment are queued by then, even where nothing is waited for.
    await Promise.resolve();
    while (this.#queue.length > 0) {
      await this.#gather();
      if (this.#queue.length > 0) await this.#make(this.#take());
    }
    this.#running = false;
  }

  /** Waits until a batch is full, or its first request has waited long enough. */
  async #gather(): Promise<void> {
    while (this.#queue.length > 0 && !this.#partsOf(this.#queue[0]).full) {
      const left = this.#queue[0].since + this.limits.wait - performance.now();
      if (left <= 0) return;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#endGathering = () => (clearTimeout(timer), resolve());
      });
      this.#endGathering = undefined;
    }
  }

  /** The images of the next batch: those of the request that has waited longest, and of others like it. */
  #partsOf(first: QueuedRequest): { parts: Part[]; full: boolean } {
    const parts: Part[] = [];
    let room = this.limits.batch;
    let previews = 0;
    for (const of of this.#queue) {
      const asked = of.request.previews;
      if (room === 0) break;
      if (of.request.alike !== first.request.alike || asked && previews && asked !== previews) {
        continue;
      }
      previews ||= asked;
      const to = Math.min(of.request.count, of.begun + room);
      parts.push({ of, from: of.begun, to });
      room -= to - of.begun;
    }
    return { parts, full: room === 0 };
  }

  /** Takes a batch; requests with images left wait again behind the others. */
  #take(): Part[] {
    const { parts } = this.#partsOf(this.#queue[0]);
    for (const { of, to } of parts) of.begun = to;
    const taken = new Set(parts.map(({ of }) => of));
    const rest = [...taken].filter(({ request, begun }) => begun < request.count);
    this.#queue = [...this.#queue.filter((entry) => !taken.has(entry)), ...rest];
    return parts;
  }

  async #make(parts: readonly Part[]): Promise<void> {
    const stop = new AbortController();
    this.#current = { parts, stop };
    try {
      await this.#sample(parts, stop.signal);
    } catch (thrown) {
      if (!stop.signal.aborted) this.#fail(parts, thrown as Error);
    } finally {
      this.#current = undefined;
    }
  }

  /** Reports a failure to the requests concerned, and to all when the device is gone. */
  #fail(parts: readonly Part[], thrown: Error): void {
    for (const { of } of parts) this.#leave(of, thrown);
    if (!(thrown instanceof DeviceLostError)) return;
    this.stop(thrown);
    this.onFault(thrown);
  }

  async #sample(parts: readonly Part[], signal: AbortSignal): Promise<void> {
    const { settings, count, evaluations } = parts[0].of.request;
    const places = parts.flatMap(({ of, from, to }) =>
      Array.from({ length: to - from }, (_, i) => ({ of, index: from + i }))
    );
    const each = exampleSize(this.rin.config);
    const begin = performance.now();
    let made = 0;
    const tell = (
      images: Float32Array,
      say: (listener: Listener, index: number, image: Float32Array) => void,
    ) => {
      for (let k = 0; k < images.length / each; k++) {
        const { of, index } = places[made + k];
        if (!of.gone) say(of.listener, index, images.subarray(k * each, (k + 1) * each));
      }
    };
    const batches = this.rin.samples({
      ...settings,
      // A path's images are those of its own count, and have no other seeds.
      ...settings.interpolate ? { count } : {
        count: places.length,
        seeds: places.map(({ of }) => of.request.seed),
      },
      batchSize: this.limits.batch,
      maxPlans: MAX_PLANS,
      indices: places.map(({ index }) => index),
      ...this.rin.config.numClasses > 0 && {
        labels: places.map(({ of, index }) => of.request.labels[index]),
      },
      signal,
      estimates: Math.max(...parts.map(({ of }) => of.request.previews)),
      onEstimate: ({ images, done }) => {
        if (done === evaluations) return; // that is the image itself, which comes next
        tell(images, (listener, index, image) => listener.onPreview?.(index, image, done));
      },
      onStep: (done, total) => {
        this.metrics.evaluations.add(places.length / total * settings.steps);
        for (const { of, from, to } of parts) {
          if (of.gone) continue;
          const { count } = of.request;
          const steps = settings.steps * (of.made + (to - from) * done / total);
          of.listener.onProgress?.(Math.round(steps), count * settings.steps);
        }
      },
    });
    for await (const { images, indices } of batches) {
      this.metrics.batches.observe(indices.length);
      this.metrics.images.add(indices.length);
      tell(images, (listener, index, image) => listener.onImage(index, image));
      made += indices.length;
    }
    const seconds = (performance.now() - begin) / 1000 / (places.length * settings.steps);
    this.#seconds += 0.3 * (seconds - this.#seconds);
    for (const { of, from, to } of parts) {
      of.made += to - from;
      if (of.made === of.request.count) of.settled.resolve();
    }
  }
}

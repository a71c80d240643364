/// <reference lib="dom" />
/**
 * The worker as the page sees it: requests that are answered.
 *
 * @module
 */
import type { Reply, Request, RequestName, Requests, WorkEvent } from "./protocol.ts";

/** A failed request; the message is for the visitor. */
export class WorkError extends Error {
  constructor(readonly error: string, sentence: string) {
    super(sentence);
  }

  /** Whether the visitor ended it. */
  get stopped(): boolean {
    return this.error === "AbortError";
  }
}

interface Waiting {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly onEvent?: (event: WorkEvent) => void;
}

/** Fetches, draws and writes PNGs. */
export class Engine {
  #worker: Worker;
  #waiting = new Map<number, Waiting>();
  #last = 0;

  /** @param url of the worker's script */
  constructor(url: string) {
    this.#worker = new Worker(url, { type: "module" });
    this.#worker.addEventListener("message", ({ data }: MessageEvent<Reply>) => this.#hear(data));
    this.#worker.addEventListener("error", (event) => {
      const sentence = `A part of this page does not work here: ${event.message || "worker.js"}`;
      for (const { reject } of this.#waiting.values()) reject(new WorkError("Error", sentence));
      this.#waiting.clear();
    });
  }

  /**
   * Asks for something.
   *
   * @throws {WorkError} when the request fails
   */
  ask<K extends RequestName>(
    name: K,
    given: Requests[K]["given"],
    onEvent?: (event: WorkEvent) => void,
  ): Promise<Requests[K]["answer"]> {
    const id = ++this.#last;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#waiting.set(id, { resolve, reject, onEvent });
    this.#worker.postMessage({ id, name, given } as Request);
    return promise as Promise<Requests[K]["answer"]>;
  }

  /** Stops the current download or drawing. */
  stop(): void {
    this.#worker.postMessage({ name: "stop" } satisfies Request);
  }

  #hear(reply: Reply): void {
    const waiting = this.#waiting.get(reply.id);
    if (reply.kind === "event") return waiting?.onEvent?.(reply.event);
    this.#waiting.delete(reply.id);
    if (reply.kind === "answer") waiting?.resolve(reply.answer);
    else waiting?.reject(new WorkError(reply.error, reply.sentence));
  }
}

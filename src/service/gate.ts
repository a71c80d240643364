/**
 * Counts requests in progress, and lets no more in once it is closed.
 *
 * @module
 */
import { deferred } from "../device/deferred.ts";
import { retryLater } from "./answers.ts";

/** Seconds after which another server can have taken over. */
const RETRY = 5;

/** The way in for requests that take their time. */
export class Gate {
  #inside = 0;
  #closed = false;
  #empty = deferred<void>();

  /** How many are inside. */
  get inside(): number {
    return this.#inside;
  }

  /** Whether it is closed. */
  get closed(): boolean {
    return this.#closed;
  }

  /**
   * Lets one in.
   *
   * @returns a function to call once, on leaving
   * @throws {HttpError} 503 when it is closed
   */
  enter(): () => void {
    if (this.#closed) {
      throw retryLater(503, "The service is shutting down: ask again shortly", RETRY);
    }
    this.#inside++;
    return () => {
      this.#inside--;
      this.#checkEmpty();
    };
  }

  /** Closes the gate, and waits until all have left. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#checkEmpty();
    await this.#empty.promise;
  }

  #checkEmpty(): void {
    if (this.#closed && this.#inside === 0) this.#empty.resolve();
  }
}

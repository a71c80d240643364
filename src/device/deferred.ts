/**
 * A promise that is settled from outside: Promise.withResolvers, which Node has since 22 only.
 *
 * @module
 */

/** A promise with its resolvers. */
export interface Deferred<T> {
  /** Waits for it. */
  readonly promise: Promise<T>;
  /** Fulfills it. */
  readonly resolve: (value: T) => void;
  /** Rejects it. */
  readonly reject: (reason: unknown) => void;
}

/** Makes a promise to settle later. */
export function deferred<T>(): Deferred<T> {
  let resolve!: (value: T) => void;
  let reject!: (reason: unknown) => void;
  const promise = new Promise<T>((...settle) => [resolve, reject] = settle);
  return { promise, resolve, reject };
}

/**
 * One large picture at a time: as many as there are cores would fill the memory together.
 * @module
 */

/** Pixels of a picture that need not wait for its turn. */
const LARGE = 32e6;

/** A lock that all workers of a pool share: 1 while it is held. */
let lock: Int32Array | undefined;
let held = false;

/** Shares a lock, made with {@linkcode newTurn}, with this thread. */
export function useTurn(buffer: SharedArrayBuffer): void {
  lock = new Int32Array(buffer);
}

/** A lock for {@linkcode useTurn}. */
export function newTurn(): SharedArrayBuffer {
  return new SharedArrayBuffer(4);
}

/** Before decoding a large picture, waits until no other thread has one. */
export function takeTurn(pixels: number): void {
  if (!lock || held || pixels <= LARGE) return;
  while (Atomics.compareExchange(lock, 0, 0, 1) !== 0) Atomics.wait(lock, 0, 1);
  held = true;
}

/** Lets others continue after the death of a thread that may have held the lock. */
export function freeTurn(buffer: SharedArrayBuffer): void {
  const lock = new Int32Array(buffer);
  Atomics.store(lock, 0, 0);
  Atomics.notify(lock, 0);
}

/** Lets the next one go; called after each picture, large or not. */
export function giveTurn(): void {
  if (!lock || !held) return;
  held = false;
  Atomics.store(lock, 0, 0);
  Atomics.notify(lock, 0, 1);
}

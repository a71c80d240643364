import { Entry } from "./tape.ts";

/**
 * Waits until all threads are here. The last one makes the entry ready for the next run. Three i32 at
 * `barrier`: how many have arrived, the number of the meeting, and, written by the host, how many
 * turns of a loop a thread waits before it goes to sleep.
 */
export function wait(barrier: usize, threads: i32, entry: Entry): void {
  const meeting = atomic.load<i32>(barrier, 4);
  if (atomic.add<i32>(barrier, 1) == threads - 1) {
    entry.counter = 0;
    atomic.store<i32>(barrier, 0);
    atomic.store<i32>(barrier, meeting + 1, 4);
    atomic.notify(barrier + 4, threads);
    return;
  }
  const limit = load<i32>(barrier, 8);
  for (let spins = 0; atomic.load<i32>(barrier, 4) == meeting; spins++) {
    if (spins > limit) atomic.wait<i32>(barrier + 4, meeting, -1);
  }
}

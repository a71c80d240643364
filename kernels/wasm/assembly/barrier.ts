import { Entry } from "./tape.ts";

/**
 * Turns of a loop before a thread goes to sleep: a few microseconds. Where each thread has a core,
 * fewer make threads sleep that are needed again at once; where threads wait for a core, more keep
 * it from the thread that is waited for. docs/cpu.md has the measurements.
 */
const SPINS: i32 = 4000;

/**
 * Waits until all threads are here. The last one makes the entry ready for the next run. Two i32 at
 * `barrier`: how many have arrived, and the number of the meeting.
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
  for (let spins = 0; atomic.load<i32>(barrier, 4) == meeting; spins++) {
    if (spins > SPINS) atomic.wait<i32>(barrier + 4, meeting, -1);
  }
}

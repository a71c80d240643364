/**
 * One entry of a tape: a kernel, how many tiles it has, and its arguments. Each kernel extends this
 * class by its own fields, in the order in which the host's lowering writes them.
 */
@unmanaged
export class Entry {
  /** Which kernel, see codes.ts. */
  code: i32;
  /** Pieces of work that threads take one by one. How an operation is cut depends on sizes alone. */
  tiles: i32;
  /** The next tile to take; 0 between runs. */
  counter: i32;
  /** The bit of the phase that the entry belongs to. */
  phase: i32;
  /** Rough nanoseconds of one tile, for hosts that can run only a slice at a time. */
  cost: i32;
}

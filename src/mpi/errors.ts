/**
 * The error of this floor.
 *
 * @module
 */

/** Training over MPI can't begin, or an MPI call failed. The message says what to do. */
export class MpiError extends Error {
  /** Tells errors apart by name. */
  override name = "MpiError";
}

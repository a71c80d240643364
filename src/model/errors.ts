/**
 * What can be wrong with a checkpoint.
 *
 * @module
 */

/** A file that is no usable checkpoint; the message says what is wrong with it. */
export class CheckpointError extends Error {
  /** Tells errors apart by name. */
  override name = "CheckpointError";

  /** With a message that says what is wrong with the file. */
  constructor(message: string) {
    // Names from a file that is damaged, or not meant well, may hold anything.
    super(message.replace(/\p{Cc}/gu, "?").slice(0, 1000));
  }
}

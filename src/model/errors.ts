/**
 * Errors of checkpoints.
 *
 * @module
 */

/** A file that is no usable checkpoint; the message says what is wrong with it. */
export class CheckpointError extends Error {
  /** Tells errors apart by name. */
  override name = "CheckpointError";

  /** With a message that says what is wrong with the file. */
  constructor(message: string) {
    // Names from a damaged or malicious file can hold anything.
    super(message.replace(/\p{Cc}/gu, "?").slice(0, 1000));
  }
}

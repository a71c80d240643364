/**
 * Errors of checkpoints.
 *
 * @module
 */

/** An unusable checkpoint; the message names the file's problem. */
export class CheckpointError extends Error {
  /** Tells errors apart by name. */
  override name = "CheckpointError";

  /** With a message that names the file's problem. */
  constructor(message: string) {
    // Names from a damaged or malicious file can hold anything.
    super(message.replace(/\p{Cc}/gu, "?").slice(0, 1000));
  }
}

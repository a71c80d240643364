/**
 * The one error class of this floor.
 *
 * @module
 */

/** A file is damaged, or of another form than declared. The message is a clause on "it". */
export class FormatError extends Error {
  /** Tells errors apart by name. */
  override name = "FormatError";
}

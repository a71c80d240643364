/**
 * Files that are left out, and why.
 *
 * @module
 */

/** A file or record that was left out, and why. */
export interface Skipped {
  /** Its name inside the data source. */
  readonly name: string;
  /** One sentence. */
  readonly reason: string;
}

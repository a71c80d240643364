/**
 * A file that is known to be an image by its name only.
 * @module
 */

/** One image file to read. */
export interface ImageFile {
  /** Its name inside the data source, the same on every machine; splits are made from it. */
  readonly name: string;
  /** Where it lies on this machine. */
  readonly path: string;
}

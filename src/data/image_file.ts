/**
 * Files recognized as images or clips by their names and first bytes only.
 * @module
 */

/** One image file to read. */
export interface ImageFile {
  /** Its name inside the data source, the same on every machine; splits are made from it. */
  readonly name: string;
  /** Its path on this machine. */
  readonly path: string;
}

/** One clip to read. */
export interface ClipFile {
  /** Its name inside the data source, as an image's. */
  readonly name: string;
  /** The one file that moves, or the still pictures that are its frames, in their order. */
  readonly paths: readonly string[];
  /** Whether these paths are frames. */
  readonly numbered: boolean;
}

/**
 * The type that every data source is turned into.
 * @module
 */

/** A file or record that was left out, and why. */
export interface Skipped {
  /** Its name inside the data source. */
  readonly name: string;
  /** One sentence. */
  readonly reason: string;
}

/** Decoded images, uint8, wherever they lie. */
export interface ImageSet {
  /** What the set is called in logs, e.g. "faces". */
  readonly name: string;
  /** R: height and width of every image in pixels. */
  readonly imageSize: number;
  /** How many images there are. */
  readonly count: number;
  /** What couldn't be used; empty for a set without flaws. */
  readonly skipped: readonly Skipped[];
  /** The sentence to print wherever these images are shown, where the licence asks for one. */
  readonly attribution?: string;
  /** (count), the class of each image; only where the images are labelled. */
  readonly labels?: Uint32Array;
  /** The classes by number; there where `labels` are. */
  readonly classNames?: readonly string[];

  /**
   * Reads images.
   *
   * @param indices (B), which images of the set
   * @returns (B, 3, R, R), values 0..255, in the order asked for
   * @throws {RangeError} when an index is outside the set
   */
  read(indices: ArrayLike<number>): Promise<Uint8Array>;
}

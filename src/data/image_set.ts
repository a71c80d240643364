/**
 * The types that every data source is turned into.
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

/** What to train on and what to measure on. */
export interface Splits {
  /** To train on. */
  readonly train: ImageSet;
  /** To measure on; the same object as `train` where the set is to be learnt by heart. */
  readonly valid: ImageSet;
  /** What couldn't be used of either; empty for a source without flaws. */
  readonly skipped: readonly Skipped[];
  /** The sentence to print wherever these images are shown, where the licence asks for one. */
  readonly attribution?: string;
  /** The file that the images are read from. */
  readonly path: string;

  /** Closes that file; no read may be under way. */
  close(): void;
}

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

/** Decoded images, uint8, in memory. */
export interface ImageSet {
  /** What the set is called in logs, e.g. "faces". */
  readonly name: string;
  /** S: height and width of every image in pixels. */
  readonly imageSize: number;
  /** How many images there are. */
  readonly count: number;
  /** One name per image, in the order of the pixels. */
  readonly names: readonly string[];
  /** (count, 3, S, S), values 0..255. */
  readonly pixels: Uint8Array;
  /** What couldn't be used; empty for a set without flaws. */
  readonly skipped: readonly Skipped[];
  /** The sentence to print wherever these images are shown, where the licence asks for one. */
  readonly attribution?: string;
}

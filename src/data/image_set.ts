/**
 * The types that every data source is turned into.
 * @module
 */

import type { Channels } from "../model/config.ts";
import type { ImageSize } from "../model/image_size.ts";
import type { LeftOut } from "./left_out.ts";
import type { Skipped } from "./skipped.ts";

export type { Skipped };

/** Short hashes of everything that decides the training images. */
export interface DataIdentity {
  /** Pixels of all images, those that are held out included, and the order of them. */
  readonly pixels: string;
  /** Their names. */
  readonly names: string;
  /** Which of them are held out. */
  readonly split: string;
  /** Their classes; absent where there are none. */
  readonly labels?: string;
}

/** Decoded images, or clips, uint8, wherever they lie. */
export interface ImageSet {
  /** Name of the set in logs, e.g. "faces". */
  readonly name: string;
  /** Height and width of every image in pixels. */
  readonly imageSize: ImageSize;
  /** C: channels of every image; 3 by default. */
  readonly channels?: Channels;
  /** How many images, or clips, there are. */
  readonly count: number;
  /** T: how many frames are read of each clip; absent of images. */
  readonly frames?: number;
  /** (count), by how many frames each clip is longer than that; there where `frames` is. */
  readonly room?: Uint32Array;
  /** (count), the class of each image; only where the images are labeled. */
  readonly labels?: Uint32Array;
  /** The classes by number; there where `labels` are. */
  readonly classNames?: readonly string[];

  /**
   * Reads images, or a window of each clip.
   *
   * @param indices (B), which images or clips of the set
   * @param starts (B), the frames that the windows begin with, each up to the clip's `room`; 0 by
   * default
   * @returns (B, C, H, W), of clips (B, T, C, H, W), values 0..255, in the requested order
   * @throws {RangeError} when an index is outside the set, or a window outside its clip
   */
  read(indices: ArrayLike<number>, starts?: ArrayLike<number>): Promise<Uint8Array>;
}

/** The images to train on and to measure on. */
export interface Splits {
  /** To train on. */
  readonly train: ImageSet;
  /** To measure on; the same object as `train` for a set to memorize. */
  readonly valid: ImageSet;
  /** Unusable images of either; empty for a source without flaws. */
  readonly skipped: readonly Skipped[];
  /** Contents of a folder that are no pictures; absent for other sources. */
  readonly leftOut?: LeftOut;
  /** Identity of the data set, which a resumed run compares. */
  readonly identity?: DataIdentity;
  /** The sentence to print wherever these images are shown, where the licence asks for one. */
  readonly attribution?: string;
  /** The file that the images are read from. */
  readonly path: string;

  /** Closes that file; no read must be in progress. */
  close(): void;
}

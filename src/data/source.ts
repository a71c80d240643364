/**
 * The interface of every data source: names of images, or clips, to decode.
 * @module
 */
import type { Labels } from "./labels.ts";
import type { LeftOut } from "./left_out.ts";
import type { StoredPicture } from "./resize.ts";

/** Decodes the images of a source, several at a time. */
export interface Decoder {
  /** Images that keep it busy. */
  readonly capacity: number;
  /** (C, H, W) of an image, (F, C, H, W) of a clip; rejects where it can't be decoded. */
  decode(index: number): Promise<Uint8Array>;
  close(): void;
}

/** Images, or clips, to decode. */
export interface Source {
  /** "faces", "emoji" or a path. */
  readonly name: string;
  /** Whether it is one of clips; absent of images. */
  readonly clips?: true;
  /** One name per image or clip, the same on every machine. */
  readonly names: readonly string[];
  /**
   * Changes whenever an image is added, taken away, written again or decoded to other pixels, and
   * with the source's own splits and labels.
   */
  readonly fingerprint: string;
  /** 1 for images held out; only where the source has splits of its own. */
  readonly heldOut?: Uint8Array;
  /** Whether these splits stay where the user requests a share. */
  readonly fixedSplit: boolean;
  readonly attribution?: string;
  /** Contents of a folder that are no pictures; absent for other sources. */
  readonly leftOut?: LeftOut;
  /** Starts to decode at a size, to pictures of some channels. */
  decoder(picture: StoredPicture): Decoder;
  /** The source's own labels of some of its images. */
  labels(indices: readonly number[]): Promise<Labels | undefined>;
}

/**
 * Meaning of first folders: splits where they have such names, else classes; or classes in any
 * case.
 */
export type FolderMeaning = "auto" | "classes";

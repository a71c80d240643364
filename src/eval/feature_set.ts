/**
 * Features of many images, and how far two sets of them are apart.
 *
 * @module
 */
import { blended } from "../data/pixels.ts";
import { type PictureConfig, pixelsOf } from "../model/example.ts";
import { frechetDistance } from "./frechet.ts";
import { precisionRecall } from "./precision_recall.ts";
import { FeatureStatistics } from "./statistics.ts";

/** A map from images to vectors. */
export interface FeatureSpace {
  /** Figures of spaces of different names can't be compared. */
  readonly name: string;
  /** Numbers in a vector. */
  readonly dimension: number;
  /**
   * The features of images; all spaces are of RGB, see {@linkcode rgbBytes}.
   *
   * @param images (B, C, H, W) in [-1, 1]
   */
  features(images: Float32Array, picture: PictureConfig): Promise<Float32Array[]>;
}

/** Vectors kept for precision and recall; their time grows with the square of this. */
const KEPT = 5000;

/** Features of a stream of images; memory does not grow beyond the kept ones. */
export class FeatureSet {
  readonly statistics: FeatureStatistics;
  /** The first vectors. */
  readonly vectors: Float32Array[] = [];

  /** @param kept vectors that are kept, at most */
  constructor(readonly space: FeatureSpace, readonly kept: number = KEPT) {
    this.statistics = new FeatureStatistics(space.dimension);
  }

  /** Adds images (B, C, H, W) in [-1, 1]. */
  async add(images: Float32Array, picture: PictureConfig): Promise<void> {
    for (const vector of await this.space.features(images, picture)) this.addVector(vector);
  }

  /** Adds an image by its features. */
  addVector(vector: Float32Array): void {
    this.statistics.add(vector);
    if (this.vectors.length < this.kept) this.vectors.push(vector);
  }
}

/** How samples compare with data; each figure depends on both counts. */
export interface Comparison {
  readonly space: string;
  /** Unknown where only the data's statistics were given. */
  readonly dataCount?: number;
  readonly sampleCount: number;
  /** 0 for equal distributions; biased upwards by few images. */
  readonly frechet: number;
  readonly precision?: number;
  readonly recall?: number;
}

/**
 * Compares all figures, precision and recall by the vectors that were kept.
 *
 * @throws {RangeError} when either has fewer than four images
 */
export function compare(data: FeatureSet, samples: FeatureSet): Comparison {
  return {
    space: data.space.name,
    dataCount: data.statistics.count,
    sampleCount: samples.statistics.count,
    frechet: frechetDistance(data.statistics.gaussian(), samples.statistics.gaussian()),
    ...precisionRecall(data.vectors, samples.vectors),
  };
}

/**
 * Images in [-1, 1] as bytes, as a file of theirs would hold them: gray ones repeated, those with
 * opacity on white.
 *
 * @param images (B, C, H, W)
 * @returns (B, 3, H, W)
 */
export function rgbBytes(
  images: Float32Array,
  { imageSize, channels }: PictureConfig,
): Uint8Array {
  const bytes = Uint8Array.from(
    images,
    (value) => Math.max(0, Math.min(255, (value + 1) * 127.5 + 0.5)),
  );
  if (channels === 3) return bytes;
  const plane = pixelsOf({ imageSize });
  const out = new Uint8Array(bytes.length / channels * 3);
  for (let o = 0; o < out.length; o++) {
    const [image, channel, pixel] = [
      Math.floor(o / (3 * plane)),
      Math.floor(o / plane) % 3,
      o % plane,
    ];
    const at = (channel: number) => bytes[(channels * image + channel) * plane + pixel];
    out[o] = channels === 1 ? at(0) : blended(at(channel), at(3));
  }
  return out;
}

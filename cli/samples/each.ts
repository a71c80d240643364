/**
 * Samples one by one: as they are made, and as a file or bytes each.
 *
 * @module
 */
import { type ExampleConfig, exampleSize } from "../../src/model/example.ts";
import { sidesOf } from "../../src/model/image_size.ts";
import { clipBytes, examplePng } from "../../src/picture/clips.ts";
import { imageBytes, type PngText } from "../../src/picture/pictures.ts";
import { optionsFor, type SampleJob } from "./job.ts";

/** The kind of sample that a network makes: images, or clips. */
export interface SampleKind {
  /** The word for several. */
  readonly what: "images" | "clips";
  /** How names of files end. */
  readonly end: ".png" | ".apng";
  /** Of its bytes: (H, W, C), or (T, H, W, C). */
  readonly shape: readonly number[];
  bytes(example: Float32Array): Uint8Array;
  file(example: Float32Array, text: PngText): Uint8Array;
}

/** Returns the kind of sample that a network makes. */
export function kindOf(config: ExampleConfig): SampleKind {
  const { imageSize, channels, frames } = config;
  const { width, height } = sidesOf(imageSize);
  const picture = [height, width, channels];
  const file = (example: Float32Array, text: PngText) => examplePng(example, config, text);
  return frames > 1
    ? {
      what: "clips",
      end: ".apng",
      shape: [frames, ...picture],
      bytes: (clip) => clipBytes(clip, config),
      file,
    }
    : {
      what: "images",
      end: ".png",
      shape: picture,
      bytes: (image) => imageBytes(image, 0, config),
      file,
    };
}

/** Makes some of the images or clips, one by one. */
export async function* eachOf(job: SampleJob, indices: readonly number[]) {
  const size = exampleSize(job.rin.config);
  for await (const batch of job.rin.samples(optionsFor(job, indices))) {
    for (const [k, index] of batch.indices.entries()) {
      yield { index, example: batch.images.subarray(k * size, (k + 1) * size) };
    }
  }
}

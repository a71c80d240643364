/**
 * The job of `rin sample`.
 *
 * @module
 */
import type { Rin } from "../../src/diffusion/rin.ts";
import type { SampleOptions } from "../../src/diffusion/sample_options.ts";
import type { Caption } from "../../src/picture/labelled_grid.ts";
import type { SampleRecord } from "../../src/picture/record.ts";
import type { Shard } from "../shards/shard.ts";

/** The samples to make, and their destination. */
export interface SampleJob {
  readonly rin: Rin;
  readonly options: SampleOptions & { readonly count: number };
  readonly record: SampleRecord;
  /** Classes of the images 0 to count - 1. */
  readonly labels?: readonly number[];
  /** Captions of the images 0 to count - 1 of a grid, and the images in a row of it. */
  readonly caption?: Caption;
  readonly out: string;
  /** The share that `options.indices` are, where others make the rest. */
  readonly shard?: Shard;
  /** Whether to replace existing files of any kind. */
  readonly force: boolean;
  /** Estimates of x0 that a filmstrip or an animation shows. */
  readonly frames?: number;
  /** Takes a note on images that are skipped because they exist. */
  readonly note: (text: string) => void;
}

/** The numbers of the requested images. */
export function wanted({ options: { count, indices } }: SampleJob): readonly number[] {
  return indices ?? Array.from({ length: count }, (_, i) => i);
}

/** The options for some of the images. */
export function optionsFor(
  { options, labels }: SampleJob,
  indices: readonly number[],
): SampleOptions {
  return { ...options, indices, labels: labels && indices.map((index) => labels[index]) };
}

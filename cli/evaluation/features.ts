/**
 * Features of samples in a file, in place of samples.
 *
 * @module
 */
import { FileBytes } from "../../src/data/file_bytes.ts";
import type { FeatureSet } from "../../src/eval/feature_set.ts";
import { exactly } from "../../src/formats/bytes.ts";
import { CommandError } from "../errors.ts";
import type { readSampler } from "../options/sampler_options.ts";
import { readNpzFile } from "../shards/npz_file.ts";
import { readShare } from "../shards/shares.ts";

/** Features of samples in several spaces: all of a sample lie together. */
export interface Features {
  readonly path: string;
  /** Names of the spaces, in their order. */
  readonly spaces: readonly string[];
  /** (count, the sum of the spaces' dimensions). */
  readonly rows: readonly Float32Array[];
  /** Hash of the classes that the samples follow, where the network is class-conditional. */
  readonly classes?: string;
  /** How the samples were made. */
  readonly sampler: Omit<ReturnType<typeof readSampler>, "batchSize"> & {
    readonly precision?: string;
  };
}

/**
 * Reads a merged file.
 *
 * @param checkpoint sha-256 of the network
 * @throws {CommandError} when it is none, a share, or of another network
 */
export async function readFeatures(path: string, checkpoint: string): Promise<Features> {
  const bytes = await readShare(path, () => FileBytes.open(path), "use");
  try {
    const file = await readShare(path, () => readNpzFile(bytes), "use");
    const { record, shard, shape: [count], items, type } = file;
    const fail = (why: string) => new CommandError(`Cannot use ${path} as samples: ${why}`);
    if (type !== "<f4" || !Array.isArray(record.spaces)) {
      throw fail("it holds images, not features of rin eval --shard");
    }
    if (shard) throw fail(`it is share ${shard.index} of ${shard.count}; merge them: rin merge`);
    if (record.checkpoint !== checkpoint) throw fail("it was made with another checkpoint");
    const each = items.size / count;
    const rows = Array.from({ length: count }, (_, i) => {
      return new Float32Array(exactly(items, i * each, each).slice().buffer);
    });
    const sampler = JSON.parse(String(record.sampler));
    const classes = record.labels as string | undefined;
    return { path, spaces: record.spaces.map(String), rows, classes, sampler };
  } finally {
    bytes.close();
  }
}

/**
 * Checks that the samples follow the classes of the data that they are compared with.
 *
 * @param hash that of the data's classes
 * @throws {CommandError} when they follow others
 */
export function expectClasses({ path, classes }: Features, hash: string | undefined): void {
  if (classes === hash) return;
  throw new CommandError(
    `Cannot use ${path} as samples: their classes are not those of the training images; give the ` +
      `same --data and --valid-fraction that its shares were made with`,
  );
}

/**
 * Adds the features to sets, which take the spaces that they are of.
 *
 * @throws {CommandError} when a set's space is not in the file
 */
export function addFeatures({ path, spaces, rows }: Features, sets: readonly FeatureSet[]): void {
  for (const [i, { space }] of sets.entries()) {
    if (spaces[i] === space.name) continue;
    throw new CommandError(
      `Cannot use ${path} as samples: it has features of ${spaces.join(" and ")}, not of ` +
        `${space.name}; make its shares with the same flags`,
    );
  }
  for (const row of rows) {
    let at = 0;
    for (const set of sets) {
      set.addVector(row.subarray(at, at + set.space.dimension));
      at += set.space.dimension;
    }
  }
}

/**
 * Features of samples as a file, so that several processes can make them in shares.
 *
 * @module
 */
import type { ImageSet } from "../../src/data/image_set.ts";
import { FileBytes } from "../../src/data/file_bytes.ts";
import { exactly } from "../../src/formats/bytes.ts";
import type { FeatureSet, FeatureSpace } from "../../src/eval/feature_set.ts";
import { scattering } from "../../src/eval/scattering.ts";
import { makeFolder } from "../../src/files/write_file.ts";
import { CommandError } from "../errors.ts";
import { NpzWriter } from "../files/npz_writer.ts";
import { hasContent, refuseOverwrite } from "../files/overwrite.ts";
import { npzOrigin } from "../samples/origins.ts";
import { readNpzFile } from "../shards/merge_npz.ts";
import { npzNote } from "../shards/npz_note.ts";
import { numbersOf, type Shard, shardPath } from "../shards/shard.ts";
import { readShare } from "../shards/shares.ts";
import type { EvaluationParts } from "./parts.ts";
import { sampled } from "./sampled.ts";

/** Features of samples in several spaces: all of a sample lie together. */
export interface Features {
  readonly path: string;
  /** Names of the spaces, in their order. */
  readonly spaces: readonly string[];
  /** (count, the sum of the spaces' dimensions). */
  readonly rows: readonly Float32Array[];
}

/**
 * Makes a share of the samples and writes their features; goes on where an earlier call stopped.
 *
 * @param share.folder where the file goes
 * @param share.checkpoint sha-256 of the network
 * @returns the file's path
 */
export async function writeFeatures(
  parts: EvaluationParts,
  train: ImageSet,
  { folder, shard, checkpoint, force }: {
    readonly folder: string;
    readonly shard: Shard;
    readonly checkpoint: string;
    readonly force: boolean;
  },
): Promise<string> {
  const { rin, sampler, counts: { count }, fid, terminal } = parts;
  const spaces: FeatureSpace[] = [scattering, ...fid ? [fid.space] : []];
  const { batchSize: _, ...settings } = sampler;
  const names = spaces.map(({ name }) => name);
  const record = { count, checkpoint, spaces: names, sampler: JSON.stringify(settings) };
  const path = shardPath(`${folder}/features.npz`, shard);
  const note = npzNote(record, shard);
  await makeFolder(folder);
  await refuseOverwrite(path, force, () => npzOrigin(path, note));
  if (!force && await hasContent(path)) return path;
  const indices = numbersOf(shard, count);
  const dimension = spaces.reduce((sum, space) => sum + space.dimension, 0);
  const writer = await NpzWriter.open(path, indices.length, [dimension], note, force, "<f4");
  try {
    if (writer.done > 0) {
      terminal.note(`Going on after ${writer.done} of ${indices.length} samples`);
    }
    for await (const images of sampled(parts, train, indices.slice(writer.done))) {
      const all: Float32Array[][] = [];
      for (const space of spaces) all.push(await space.features(images, rin.config.imageSize));
      for (let i = 0; i < all[0].length; i++) {
        const row = Float32Array.from(all.flatMap((vectors) => Array.from(vectors[i])));
        await writer.add(new Uint8Array(row.buffer));
      }
    }
  } catch (thrown) {
    writer.close();
    throw thrown;
  }
  await writer.finish();
  return path;
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
    return { path, spaces: record.spaces.map(String), rows };
  } finally {
    bytes.close();
  }
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

/**
 * Writes features of samples, so that several processes can make them in shares.
 *
 * @module
 */
import type { ImageSet } from "../../src/data/image_set.ts";
import type { FeatureSpace } from "../../src/eval/feature_set.ts";
import { scattering } from "../../src/eval/scattering.ts";
import { makeFolder } from "../../src/files/write_file.ts";
import { NpzWriter } from "../files/npz_writer.ts";
import { hasContent, refuseOverwrite } from "../files/overwrite.ts";
import { npzOrigin } from "../samples/origins.ts";
import { npzNote } from "../shards/npz_note.ts";
import { numbersOf, type Shard, shardPath } from "../shards/shard.ts";
import type { EvaluationParts } from "./parts.ts";
import { classesHash, sampled } from "./sampled.ts";

/**
 * Makes a share of the samples and writes their features; continues where an earlier call stopped.
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
  const labels = await classesHash(parts, train);
  const record = {
    ...{ count, checkpoint, spaces: names },
    sampler: JSON.stringify({ ...settings, ...rin.precision === "f16" && { precision: "f16" } }),
    ...labels !== undefined && { labels },
  };
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
      terminal.note(`Continuing after ${writer.done} of ${indices.length} samples`);
    }
    for await (const images of sampled(parts, train, indices.slice(writer.done))) {
      const all: Float32Array[][] = [];
      for (const space of spaces) all.push(await space.features(images, rin.config));
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

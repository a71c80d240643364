/**
 * IDX files as a data source.
 * @module
 */
import { DataError } from "./errors.ts";
import { hexHash, stateOf } from "./fingerprint.ts";
import { idxImage, idxName, labelsBeside, readIdx } from "./idx.ts";
import { numberedLabels } from "./labels.ts";
import type { Source } from "./source.ts";

/**
 * The images of an IDX file, with the labels next to it.
 *
 * @throws {DataError} when it is none, or holds none
 */
export async function idxSource(name: string): Promise<Source> {
  const images = await readIdx(name);
  if (images.kind === "labels") {
    throw new DataError(`Cannot train on ${name}: it holds labels; give the file of images`);
  }
  const { count, rows, columns } = images;
  if (count * rows * columns === 0) {
    throw new DataError(`Cannot load ${name}: it holds no images; give a file that has some`);
  }
  const labels = await labelsBeside(name);
  return {
    name,
    names: Array.from({ length: count }, (_, i) => idxName(i)),
    fingerprint: await hexHash(
      [stateOf("images", name), ...labels ? [stateOf("labels", labels)] : []].join("\n"),
    ),
    fixedSplit: false,
    decoder: (picture) => ({
      capacity: 1,
      decode: (index) => Promise.resolve(idxImage(images, index, picture)),
      close: () => {},
    }),
    async labels(indices) {
      if (labels === undefined) return undefined;
      const read = await readIdx(labels);
      return read.kind === "labels" ? numberedLabels(read.data, indices, labels) : undefined;
    },
  };
}

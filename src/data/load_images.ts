/**
 * Reads and decodes many image files into one array.
 * @module
 */
import { decodeImage } from "./decode_image.ts";
import { DataError, reasonOf } from "./errors.ts";
import type { Skipped } from "./image_set.ts";
import { type MemorySet, memorySet } from "./memory_set.ts";
import { resizeCrop } from "./resize.ts";

/** One image file to read. */
export interface ImageFile {
  /** Its name inside the data source, the same on every machine; splits are made from it. */
  readonly name: string;
  /** Where it lies on this machine. */
  readonly path: string;
}

/** How {@linkcode loadImages} decodes. */
export interface LoadOptions {
  /** What the set is called in logs and messages. */
  readonly name: string;
  /** S, in pixels. */
  readonly imageSize: number;
  /** Kept on the set. */
  readonly attribution?: string;
  /** Whether a set without a single good image is given back; otherwise it is an error. */
  readonly mayBeEmpty?: boolean;
  /** Called after each file, decoded or skipped. */
  readonly onImage?: () => void;
}

/** Enough reads in flight to hide a disk's latency; decoding itself has one thread. */
const READERS = 8;

/**
 * Decodes files into a set, in the order given. A file that can't be read or decoded is named in
 * `skipped` and leaves no gap.
 *
 * Memory is taken once, 3*S*S bytes a file: all of CelebA at 64 px is 2.5 GB, too much to hold
 * twice or in small pieces.
 *
 * @throws {DataError} when not a single file can be decoded, unless it may be empty
 */
export async function loadImages(
  files: readonly ImageFile[],
  { name, imageSize, attribution, mayBeEmpty, onImage }: LoadOptions,
): Promise<MemorySet> {
  const stride = 3 * imageSize * imageSize;
  const pixels = allocate(files.length, stride, name);
  const failures = new Map<number, string>();
  let next = 0;
  async function reader(): Promise<void> {
    while (next < files.length) {
      const i = next++;
      try {
        const image = decodeImage(await Deno.readFile(files[i].path));
        resizeCrop(image, imageSize, pixels.subarray(i * stride, (i + 1) * stride));
      } catch (thrown) {
        failures.set(i, reasonOf(thrown));
      }
      onImage?.();
    }
  }
  await Promise.all(Array.from({ length: READERS }, reader));

  const names: string[] = [];
  const skipped: Skipped[] = [];
  files.forEach((file, i) => {
    const reason = failures.get(i);
    if (reason !== undefined) {
      skipped.push({ name: file.name, reason });
      return;
    }
    if (names.length < i) pixels.copyWithin(names.length * stride, i * stride, (i + 1) * stride);
    names.push(file.name);
  });
  if (names.length === 0 && !mayBeEmpty) throw noneDecodable(name, skipped);
  const count = names.length;
  return memorySet({
    name,
    imageSize,
    count,
    names,
    pixels: pixels.subarray(0, count * stride),
    skipped,
    attribution,
  });
}

/**
 * One array for a whole set.
 *
 * @throws {DataError} when this machine hasn't the memory
 */
export function allocate(count: number, stride: number, name: string): Uint8Array {
  try {
    return new Uint8Array(count * stride);
  } catch {
    const gigabytes = (count * stride / 1e9).toFixed(1);
    throw new DataError(
      `Cannot load ${name}: its ${count} images take ${gigabytes} GB of memory at this size, ` +
        `more than can be had; ask for a smaller image size`,
    );
  }
}

/** Says that there is no image, and why the first file gave none. */
export function noneDecodable(name: string, skipped: readonly Skipped[]): DataError {
  const first = skipped[0];
  return new DataError(
    first
      ? `Cannot load ${name}: none of its ${skipped.length} image files can be decoded, the first ` +
        `being ${first.name} (${first.reason})`
      : `Cannot load ${name}: it has no images`,
  );
}

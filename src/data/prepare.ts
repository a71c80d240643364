/**
 * From a data source to a prepared file.
 * @module
 */
import { DataError, reasonOf } from "./errors.ts";
import type { Skipped } from "./image_set.ts";
import { withLostFolders } from "./left_out.ts";
import { Preparation } from "./preparation.ts";
import { writtenShape } from "./prepared_format.ts";
import type { StoredPicture } from "./resize.ts";
import type { Source } from "./source.ts";
import { DEFAULT_VALID_FRACTION, isHeldOut } from "./split.ts";

/** How {@linkcode prepare} works. */
export interface PrepareOptions {
  /** What every image, or frame, becomes: (C, H, W). */
  readonly picture: StoredPicture;
  /** The share to hold out where the source has no splits of its own; 0.05 by default. */
  readonly validFraction?: number;
  /**
   * Called after each image, decoded or left out, with the number done of all; the first call tells
   * how many were done before.
   */
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * Decodes all images, or clips, of a source into a prepared file. Resumes an earlier call with the
 * same files and size, so killing it at any moment is safe.
 *
 * @param path the file's path
 * @throws {DataError} when not a single image can be decoded, or the file can't be written
 */
export async function prepare(
  source: Source,
  path: string,
  { picture, validFraction, onProgress }: PrepareOptions,
): Promise<void> {
  const { names, fingerprint, clips } = source;
  const identity = { fingerprint, ...writtenShape(picture), ...clips && { clips } };
  const preparation = await Preparation.begin(path, identity);
  if (!preparation) return;
  const decoder = source.decoder(picture);
  try {
    const total = names.length;
    onProgress?.(preparation.done, total);
    // A window of running decodings, taken in order.
    const ahead: Promise<Uint8Array | string>[] = [];
    let begun = preparation.done;
    for (let i = preparation.done; i < total; i++) {
      while (begun < total && ahead.length < 4 * decoder.capacity) {
        ahead.push(decoder.decode(begun++).catch(reasonOf));
      }
      const found = (await ahead.shift())!;
      if (typeof found === "string") preparation.skip({ name: names[i], reason: found });
      else await preparation.add(found, i + 1);
      onProgress?.(i + 1, total);
    }
    await finish(preparation, source, picture, validFraction);
  } catch (thrown) {
    await preparation.close();
    throw thrown;
  } finally {
    decoder.close();
  }
}

async function finish(
  preparation: Preparation,
  source: Source,
  picture: StoredPicture,
  validFraction = DEFAULT_VALID_FRACTION,
): Promise<void> {
  const { name, names, fingerprint, fixedSplit, attribution, leftOut } = source;
  const { skipped } = preparation;
  const left = new Set(skipped.map((file) => file.name));
  const kept = names.map((_, i) => i).filter((i) => !left.has(names[i]));
  if (kept.length === 0) throw noneDecodable(source, skipped);
  const labels = await source.labels(kept);
  await preparation.finish({
    facts: {
      ...writtenShape(picture),
      count: kept.length,
      source: name,
      fingerprint,
      fixedSplit,
      skipped,
      leftOut: leftOut && withLostFolders(leftOut, names, kept.map((i) => names[i])),
      attribution,
      classNames: labels?.classNames,
    },
    labels,
    heldOut: Uint8Array.from(
      kept,
      (i) => source.heldOut?.[i] ?? (isHeldOut(names[i], validFraction) ? 1 : 0),
    ),
    names: new TextEncoder().encode(JSON.stringify(kept.map((i) => names[i]))),
  });
}

function noneDecodable({ name, clips }: Source, skipped: readonly Skipped[]): DataError {
  const [first] = skipped;
  return new DataError(
    `Cannot load ${name}: none of its ${skipped.length} ${
      clips ? "clips" : "image files"
    } can be ` +
      `decoded, the first being ${first.name} (${first.reason})`,
  );
}

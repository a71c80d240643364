/**
 * CIFAR-10 and CIFAR-100 as a data source.
 * @module
 */
import { FormatError } from "../formats/format_error.ts";
import { arrayPixels } from "./array_layout.ts";
import {
  CIFAR_PICTURE,
  type CifarBatch,
  type CifarFiles,
  findCifar,
  readBatch,
  readClasses,
} from "./cifar.ts";
import { DECODERS } from "./decode_image.ts";
import { DataError, reasonOf } from "./errors.ts";
import { hexHash, stateOf } from "./fingerprint.ts";
import { idxName } from "./idx.ts";
import type { Decoder, Source } from "./source.ts";
import type { StoredPicture } from "./resize.ts";

/** The place of a set's files. */
export interface CifarPlace {
  /** A file's line in the fingerprint. */
  stateOf(path: string): string;
  /** Paths in the best order for reading. */
  inOrder(paths: readonly string[]): readonly string[];
  /** Opens a reader of whole files. */
  open(): { read(path: string): Uint8Array<ArrayBuffer>; close(): void };
}

/** The set in a folder itself; undefined where there is none. */
export async function cifarIn(
  folder: string,
  onNote?: (sentence: string) => void,
): Promise<Source | undefined> {
  // The reader that looks for pictures reports a folder that can't be listed.
  const entries = await Array.fromAsync(Deno.readDir(folder)).catch(() => []);
  const files = findCifar(entries.filter(({ isDirectory }) => !isDirectory).map((it) => it.name));
  return files && await cifarSource(folder, files, {
    stateOf: (path) => stateOf(path, `${folder}/${path}`),
    inOrder: (paths) => paths,
    open: () => ({ read: (path) => Deno.readFileSync(`${folder}/${path}`), close: () => {} }),
  }, onNote);
}

/**
 * The pictures of a set: its test batch is held out.
 *
 * @param name the folder or archive, for messages
 * @throws {DataError} when a file can't be read or is damaged
 */
export async function cifarSource(
  name: string,
  files: CifarFiles,
  place: CifarPlace,
  onNote?: (sentence: string) => void,
): Promise<Source> {
  const paths = [...files.train, ...files.test === undefined ? [] : [files.test]];
  const { batches, classNames } = readAll(name, files, paths, place);
  onNote?.(
    `Reading ${name} as ${files.title}: training on ${files.train.map(lastOf).join(", ")}` +
      (files.test === undefined ? "" : `, validating on ${lastOf(files.test)}`),
  );
  const places = batches.flatMap(({ count }, batch) =>
    Array.from({ length: count }, (_, index) => ({ path: paths[batch], index, batch }))
  );
  const split = files.test !== undefined;
  const states = [...paths, files.classes].map((path) => place.stateOf(path));
  return {
    name,
    names: places.map(({ path, index }) => `${lastOf(path)}/${idxName(index)}`),
    fingerprint: await hexHash([`decoders ${DECODERS}`, ...states].join("\n")),
    ...split && {
      heldOut: Uint8Array.from(places, ({ batch }) => batch === paths.length - 1 ? 1 : 0),
    },
    fixedSplit: split,
    decoder: (picture) => decoderOf(name, files, place, places, picture),
    labels: (indices) => {
      const numberAt = (at: number) => batches[places[at].batch].labels[places[at].index];
      return Promise.resolve({ values: Uint32Array.from(indices, numberAt), classNames });
    },
  };
}

/** Reads everything that is known before a picture is decoded. */
function readAll(
  name: string,
  files: CifarFiles,
  paths: readonly string[],
  place: CifarPlace,
): { batches: Pick<CifarBatch, "count" | "labels">[]; classNames: string[] } {
  const reader = place.open();
  try {
    const { labelBytes } = files;
    const found = new Map<string, Pick<CifarBatch, "count" | "labels">>();
    let classNames: string[] = [];
    // In a packed archive, reading backwards unpacks everything again.
    for (const path of place.inOrder([...paths, files.classes])) {
      told(name, path, () => {
        const bytes = reader.read(path);
        if (path === files.classes) classNames = readClasses(bytes, labelBytes);
        else {
          const { count, labels } = readBatch(bytes, labelBytes);
          found.set(path, { count, labels });
        }
      });
    }
    const batches = paths.map((path) => found.get(path)!);
    for (const [i, { labels }] of batches.entries()) {
      const highest = labels.reduce((most, label) => Math.max(most, label), 0);
      if (highest < classNames.length) continue;
      throw new DataError(
        `Cannot load ${name}: ${lastOf(paths[i])} has a picture of class ${highest}, where ` +
          `${lastOf(files.classes)} names ${classNames.length}; fetch the set again`,
      );
    }
    return { batches, classNames };
  } finally {
    reader.close();
  }
}

function decoderOf(
  name: string,
  { labelBytes }: CifarFiles,
  place: CifarPlace,
  places: readonly { readonly path: string; readonly index: number }[],
  picture: StoredPicture,
): Decoder {
  const reader = place.open();
  // Pictures are read in order: one batch in memory is enough.
  let last: { readonly path: string; readonly batch: CifarBatch } | undefined;
  return {
    capacity: 1,
    // deno-lint-ignore require-await -- so that errors are rejections
    async decode(at) {
      const { path, index } = places[at];
      if (last?.path !== path) {
        const batch = told(name, path, () => readBatch(reader.read(path), labelBytes));
        last = { path, batch };
      }
      const layout = { ...CIFAR_PICTURE, count: last.batch.count };
      return arrayPixels(layout, last.batch.picture(index), picture);
    },
    close: () => reader.close(),
  };
}

function lastOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** Says which file can't be read. */
function told<T>(name: string, path: string, work: () => T): T {
  try {
    return work();
  } catch (thrown) {
    const again = thrown instanceof FormatError ? "; fetch the set again" : "";
    throw new DataError(
      `Cannot load ${name}: ${lastOf(path)} can't be read: ${reasonOf(thrown)}${again}`,
    );
  }
}

/**
 * The identity of a data set, which a resumed run compares.
 *
 * It follows from contents, not from places or times: a folder that was moved or copied is the same.
 * @module
 */
import type { DataIdentity } from "./image_set.ts";
import type { Labels } from "./labels.ts";
import type { PreparedFile } from "./prepared_file.ts";
import { sha256 } from "./prepared_format.ts";

export type { DataIdentity };

/**
 * The identity of a prepared file as it is used.
 *
 * @param held (count), 1 for validation, 2 for unused images
 */
export async function identityOf(
  file: PreparedFile,
  held: Uint8Array,
  labels: Labels | undefined,
): Promise<DataIdentity> {
  const { facts: { imageSize }, lengths, hashes } = file.footer;
  const text = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
  const shape = text([imageSize, lengths && Array.from(lengths)]);
  return {
    pixels: await short(shape, hashes),
    names: await short(text(await file.names())),
    split: await short(held),
    ...labels && {
      labels: await short(text(labels.classNames), text(Array.from(labels.values))),
    },
  };
}

/** Describes the differences; undefined where there are none. */
export function differences(before: DataIdentity, now: DataIdentity): string | undefined {
  const words: [keyof DataIdentity, string][] = [
    ["pixels", "its pixels"],
    ["names", "the names of its files"],
    ["split", "which images are held out"],
    ["labels", "its classes"],
  ];
  const found = words.filter(([key]) => before[key] !== now[key]).map(([, word]) => word);
  if (found.length === 0) return undefined;
  return [found.slice(0, -1).join(", "), found.at(-1)].filter(Boolean).join(" and ");
}

async function short(...parts: readonly Uint8Array[]): Promise<string> {
  const hashes = await Promise.all(parts.map(sha256));
  const hash = hashes.length === 1 ? hashes[0] : await sha256(await joined(hashes));
  return Array.from(hash.subarray(0, 8), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function joined(parts: readonly Uint8Array[]): Promise<Uint8Array> {
  return await new Blob(parts as Uint8Array<ArrayBuffer>[]).bytes();
}

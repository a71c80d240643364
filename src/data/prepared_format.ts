/**
 * The file format of prepared data sets, version 1. Integers are little-endian.
 *
 *     "RINDATA1"                             8 bytes
 *     pixels                                 count * 3 * R * R bytes, images one after the other
 *     footer
 *       length of the facts                  u32
 *       facts                                JSON, see Facts
 *       labels                               count * u32, only where the facts name classes
 *       held out                             count * u8, 1 for validation
 *       SHA-256 of each chunk of 64 images   32 bytes each
 *       names                                JSON, an array of strings
 *     length of the footer                   u64
 *     SHA-256 of the footer                  32 bytes
 *     "RINDATA1"                             8 bytes
 *
 * The pixels come first so that they can be written before anything is known of the rest, and all
 * hashes of pixels stand in the footer, whose own hash is checked whenever a file is opened.
 * @module
 */
import { DataError } from "./errors.ts";
import type { Skipped } from "./image_set.ts";
import type { Labels } from "./labels.ts";

/** At the beginning and at the end of a file; its last character is the version. */
export const MAGIC = new TextEncoder().encode("RINDATA1");

/** Images that share a hash. */
export const CHUNK = 64;

/** Bytes after the footer. */
export const TRAILER = 48;

/** What a file says of itself in words. */
export interface Facts {
  /** R: height and width of every image in pixels. */
  readonly imageSize: number;
  /** How many images there are. */
  readonly count: number;
  /** What they were made from: "faces", "emoji" or a path. */
  readonly source: string;
  /** Changes with the files that they were made from. */
  readonly fingerprint: string;
  /** Whether the source has splits of its own, which no share asked for changes. */
  readonly fixedSplit: boolean;
  /** The files that were left out. */
  readonly skipped: readonly Skipped[];
  /** The credit that the images' licence asks for. */
  readonly attribution?: string;
  /** The classes by number, where the images are labelled. */
  readonly classNames?: readonly string[];
}

/** All that stands after the pixels. */
export interface Footer {
  readonly facts: Facts;
  readonly labels?: Labels;
  /** (count), 1 for validation. */
  readonly heldOut: Uint8Array;
  /** (chunks, 32). */
  readonly hashes: Uint8Array;
  /** The array of names as JSON in UTF-8. */
  readonly names: Uint8Array;
}

/** Bytes of one image. */
export function strideOf({ imageSize }: Pick<Facts, "imageSize">): number {
  return 3 * imageSize ** 2;
}

/** SHA-256. */
export async function sha256(bytes: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>));
}

/** The end of a file: its footer and what follows. */
export async function encodeEnd({ facts, labels, heldOut, hashes, names }: Footer) {
  const json = new TextEncoder().encode(JSON.stringify(facts));
  const head = new Uint8Array(4);
  new DataView(head.buffer).setUint32(0, json.length, true);
  const numbers = new Uint8Array(4 * (labels?.values.length ?? 0));
  const view = new DataView(numbers.buffer);
  labels?.values.forEach((label, i) => view.setUint32(4 * i, label, true));
  const footer = concat([head, json, numbers, heldOut, hashes, names]);
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(footer.length), true);
  return concat([footer, length, await sha256(footer), MAGIC]);
}

/**
 * The parts of a footer.
 *
 * @param path what to call the file in messages
 * @throws {DataError} when the parts don't add up
 */
export function decodeFooter(footer: Uint8Array, path: string): Footer {
  const view = new DataView(footer.buffer, footer.byteOffset, footer.byteLength);
  const start = footer.length >= 4 ? 4 + view.getUint32(0, true) : Infinity;
  if (start > footer.length) throw damaged(path);
  const facts = parseJson(footer.subarray(4, start), path) as Facts;
  const { count, imageSize, classNames } = facts;
  if (!(Number.isSafeInteger(count) && count > 0 && Number.isSafeInteger(imageSize))) {
    throw damaged(path);
  }
  const lengths = [classNames ? 4 * count : 0, count, 32 * Math.ceil(count / CHUNK)];
  let at = start;
  const [numbers, heldOut, hashes] = lengths.map((length) => {
    if (at + length > footer.length) throw damaged(path);
    return footer.subarray(at, at += length);
  });
  const values = new Uint32Array(numbers.length / 4);
  for (let i = 0; i < values.length; i++) {
    values[i] = numbers[4 * i] | numbers[4 * i + 1] << 8 | numbers[4 * i + 2] << 16 |
      numbers[4 * i + 3] << 24;
  }
  if (classNames && values.some((label) => label >= classNames.length)) throw damaged(path);
  return {
    facts,
    labels: classNames && { values, classNames },
    heldOut,
    hashes,
    names: footer.subarray(at),
  };
}

/** JSON out of a file's bytes. */
export function parseJson(bytes: Uint8Array, path: string): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    throw damaged(path);
  }
}

/** Says that a file can't be trusted. */
export function damaged(path: string): DataError {
  return new DataError(
    `Cannot use ${path}: it is damaged (its contents don't agree with its own figures); delete it ` +
      `and prepare it again`,
  );
}

/** Arrays one after the other. */
export function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/**
 * The file format of prepared data sets: version 1 of images, version 2 of clips. Integers are
 * little-endian.
 *
 *     "RINDATA1" or "RINDATA2"               8 bytes
 *     pixels                                 frames * C * H * W bytes, frame after frame, clip after
 *                                            clip; an image is one frame
 *     footer
 *       length of the facts                  u32
 *       facts                                JSON, see Facts
 *       lengths                              count * u32, frames of each clip, only in version 2
 *       labels                               count * u32, only where the facts name classes
 *       held out                             count * u8, 1 for validation
 *       SHA-256 of each chunk                32 bytes each; a chunk is as few whole images or clips
 *                                            as have 64 frames together
 *       names                                JSON, an array of strings
 *     length of the footer                   u64
 *     SHA-256 of the footer                  32 bytes
 *     "RINDATA1" or "RINDATA2"               8 bytes
 *
 * The pixels come first so that they can be written before the rest is known. The footer holds all
 * hashes of pixels, and its own hash is checked whenever a file is opened.
 * @module
 */
import type { Channels } from "../model/config.ts";
import { pictureSize } from "../model/example.ts";
import type { ImageSize } from "../model/image_size.ts";
import { DataError } from "./errors.ts";
import type { Resize, StoredPicture } from "./resize.ts";
import type { Skipped } from "./skipped.ts";
import type { Labels } from "./labels.ts";
import type { LeftOut } from "./left_out.ts";

/** At the beginning and at the end of a file of images; its last character is the version. */
export const MAGIC = new TextEncoder().encode("RINDATA1");

/** The same of a file of clips. */
export const CLIPS_MAGIC = new TextEncoder().encode("RINDATA2");

/** Frames, at least, that share a hash. */
export const CHUNK = 64;

/** Bytes after the footer. */
export const TRAILER = 48;

/** A file's description in words. */
export interface Facts {
  /** Height and width of every image in pixels. */
  readonly imageSize: ImageSize;
  /** C: channels of every image; absent where they are 3. */
  readonly channels?: Channels;
  /** The filter that resized them; absent where it is bilinear. */
  readonly resize?: Resize;
  /** How many images, or clips, there are. */
  readonly count: number;
  /** Their source: "faces", "emoji" or a path. */
  readonly source: string;
  /** Changes with the files that they were made from. */
  readonly fingerprint: string;
  /** Whether the source has splits of its own, which a requested share doesn't change. */
  readonly fixedSplit: boolean;
  /** The files that were left out. */
  readonly skipped: readonly Skipped[];
  /** Contents of a folder that were no pictures; absent for other sources. */
  readonly leftOut?: LeftOut;
  /** The credit that the images' licence asks for. */
  readonly attribution?: string;
  /** The classes by number, where the images are labeled. */
  readonly classNames?: readonly string[];
}

/** All that stands after the pixels. */
export interface Footer {
  readonly facts: Facts;
  /** (count), frames of each clip; absent of images. */
  readonly lengths?: Uint32Array;
  readonly labels?: Labels;
  /** (count), 1 for validation. */
  readonly heldOut: Uint8Array;
  /** (chunks, 32). */
  readonly hashes: Uint8Array;
  /** The array of names as JSON in UTF-8. */
  readonly names: Uint8Array;
}

/** The shape of the images, or frames, of a file. */
export function pictureOf(
  { imageSize, channels = 3, resize }: Pick<Facts, "imageSize" | "channels" | "resize">,
): StoredPicture {
  return { imageSize, channels, ...resize && { resize } };
}

/** What a file, or a journal, says of it. */
export function writtenShape({ imageSize, channels, resize = "bilinear" }: StoredPicture) {
  return {
    imageSize,
    ...channels !== 3 && { channels },
    ...resize !== "bilinear" && { resize },
  };
}

/** SHA-256. */
export async function sha256(bytes: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>));
}

/**
 * The numbers of the images or clips that chunks end before.
 *
 * @param lengths frames of each; 1 without it
 */
export function chunkEnds(count: number, lengths?: ArrayLike<number>): number[] {
  const ends: number[] = [];
  for (let i = 0, frames = 0; i < count; i++) {
    frames += lengths?.[i] ?? 1;
    if (frames < CHUNK && i + 1 < count) continue;
    ends.push(i + 1);
    frames = 0;
  }
  return ends;
}

/** The end of a file: its footer and the bytes after it. */
export async function encodeEnd({ facts, lengths, labels, heldOut, hashes, names }: Footer) {
  const json = new TextEncoder().encode(JSON.stringify(facts));
  const head = encodeNumbers(Uint32Array.of(json.length));
  const numbers = [lengths, labels?.values].map((values) => encodeNumbers(values));
  const footer = concat([head, json, ...numbers, heldOut, hashes, names]);
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(footer.length), true);
  return concat([footer, length, await sha256(footer), lengths ? CLIPS_MAGIC : MAGIC]);
}

function encodeNumbers(values: Uint32Array = new Uint32Array()): Uint8Array {
  const bytes = new Uint8Array(4 * values.length);
  const view = new DataView(bytes.buffer);
  values.forEach((value, i) => view.setUint32(4 * i, value, true));
  return bytes;
}

function decodeNumbers(bytes: Uint8Array): Uint32Array<ArrayBuffer> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Uint32Array.from({ length: bytes.length / 4 }, (_, i) => view.getUint32(4 * i, true));
}

/**
 * The parts of a footer.
 *
 * @param path name of the file in messages
 * @param clips whether it is one of clips
 * @throws {DataError} when the parts don't add up
 */
export function decodeFooter(footer: Uint8Array, path: string, clips: boolean): Footer {
  const view = new DataView(footer.buffer, footer.byteOffset, footer.byteLength);
  const start = footer.length >= 4 ? 4 + view.getUint32(0, true) : Infinity;
  if (start > footer.length) throw damaged(path);
  const facts = parseJson(footer.subarray(4, start), path) as Facts;
  const { count, classNames } = facts;
  const bytes = pictureSize(pictureOf(facts));
  if (!(Number.isSafeInteger(count) && count > 0 && Number.isSafeInteger(bytes))) {
    throw damaged(path);
  }
  let at = start;
  const take = (length: number) => {
    if (at + length > footer.length) throw damaged(path);
    return footer.subarray(at, at += length);
  };
  const lengths = clips ? decodeNumbers(take(4 * count)) : undefined;
  if (lengths?.includes(0)) throw damaged(path);
  const values = decodeNumbers(take(classNames ? 4 * count : 0));
  const heldOut = take(count);
  const hashes = take(32 * chunkEnds(count, lengths).length);
  if (classNames && values.some((label) => label >= classNames.length)) throw damaged(path);
  return {
    facts,
    lengths,
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

/** Concatenates arrays. */
export function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

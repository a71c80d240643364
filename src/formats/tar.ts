/**
 * Tar archives: POSIX (ustar, pax) and GNU's, with names of any length.
 *
 * @module
 */
import { type Bytes, exactly } from "./bytes.ts";
import { FormatError } from "./format_error.ts";

const BLOCK = 512;

/** A longer name or record is damage. */
const LONGEST = 2 ** 20;

/** Something in an archive. */
export interface TarEntry {
  /** Its path, with "/". */
  readonly name: string;
  /** Links and devices are "other", and so are files with holes. */
  readonly kind: "file" | "folder" | "other";
  /** Where its bytes begin. */
  readonly begin: number;
  readonly size: number;
}

/** Whether some bytes begin as a tar archive does; it takes 512 of them. */
export function isTar(start: Uint8Array): boolean {
  return start.length >= BLOCK && isHeader(start.subarray(0, BLOCK));
}

/**
 * Yields the entries of an archive, in order. Concatenated archives are one.
 *
 * @throws {FormatError} when it is damaged or ends inside of a file
 */
export function* tarEntries(bytes: Bytes): Generator<TarEntry> {
  let at = 0;
  let ended = false;
  /** Records before a header that describe it. */
  let extra = new Map<string, string>();
  for (;;) {
    const block = bytes.read(at, BLOCK);
    if (block.length < BLOCK) {
      const whole = at === 0 || bytes.read(at - 1, 1).length === 1;
      if (whole && (block.length === 0 || ended)) return;
      throw new FormatError("its tar archive is cut off");
    }
    if (block.every((byte) => byte === 0)) {
      ended = true;
      at += BLOCK;
      continue;
    }
    if (!isHeader(block)) {
      // Bytes after the end are no part of it.
      if (ended) return;
      throw new FormatError(`its tar archive is damaged at byte ${at}`);
    }
    ended = false;
    const type = String.fromCharCode(block[156]);
    const begin = at + BLOCK;
    const size = Number(extra.get("size") ?? numberIn(block, 124, 12));
    if (!Number.isSafeInteger(size) || size < 0) {
      throw new FormatError(`its tar archive is damaged at byte ${at}`);
    }
    at = begin + Math.ceil(size / BLOCK) * BLOCK;
    if (type === "x" || type === "L") {
      if (size > LONGEST) throw new FormatError(`its tar archive is damaged at byte ${begin}`);
      const content = exactly(bytes, begin, size);
      extra = new Map(type === "x" ? paxRecords(content) : longName(content));
      continue;
    }
    // Links' names, and records for all files, hold no names or sizes of files.
    if (type === "K" || type === "g") continue;
    const name = extra.get("path") ?? nameIn(block);
    const sparse = [...extra.keys()].some((key) => key.startsWith("GNU.sparse."));
    extra = new Map();
    yield { name, kind: sparse ? "other" : kindOf(type, name), begin, size };
  }
}

function kindOf(type: string, name: string): TarEntry["kind"] {
  if (type === "5" || name.endsWith("/")) return "folder";
  return type === "0" || type === "\0" || type === "7" ? "file" : "other";
}

/** The checksum counts itself as spaces; some programs add up signed bytes. */
function isHeader(block: Uint8Array): boolean {
  const expected = numberIn(block, 148, 8);
  let [unsigned, signed] = [0, 0];
  block.forEach((byte, i) => {
    const value = i >= 148 && i < 156 ? 0x20 : byte;
    unsigned += value;
    signed += value << 24 >> 24;
  });
  return block[0] !== 0 && (expected === unsigned || expected === signed);
}

/** Octal digits, or the bytes of a number where the first bit is set. */
function numberIn(block: Uint8Array, at: number, length: number): number {
  const field = block.subarray(at, at + length);
  if ((field[0] & 0x80) === 0) {
    const digits = textIn(block, at, length).trim();
    return /^[0-7]+$/.test(digits) ? parseInt(digits, 8) : NaN;
  }
  return field.reduce((value, byte, i) => value * 256 + (i === 0 ? byte & 0x7f : byte), 0);
}

function nameIn(block: Uint8Array): string {
  // GNU's archives have other things in the place of the prefix.
  const posix = textIn(block, 257, 6) === "ustar" && block[262] === 0;
  const prefix = posix ? textIn(block, 345, 155) : "";
  const name = textIn(block, 0, 100);
  return prefix === "" ? name : `${prefix}/${name}`;
}

/** Up to the first zero. */
function textIn(block: Uint8Array, at: number, length: number): string {
  const field = block.subarray(at, at + length);
  const end = field.indexOf(0);
  return new TextDecoder().decode(end < 0 ? field : field.subarray(0, end));
}

function longName(content: Uint8Array): [string, string][] {
  return [["path", textIn(content, 0, content.length)]];
}

/** Lines of the form `LENGTH KEY=VALUE`; the length counts bytes, itself included. */
function paxRecords(content: Uint8Array): [string, string][] {
  const records: [string, string][] = [];
  for (let at = 0; at < content.length;) {
    const space = content.indexOf(0x20, at);
    const length = space < 0 ? NaN : Number(textIn(content, at, space - at));
    if (!(length > space - at + 1) || at + length > content.length) {
      throw new FormatError("its tar archive has a damaged record");
    }
    const line = textIn(content, space + 1, at + length - space - 2);
    const equals = line.indexOf("=");
    records.push([line.slice(0, equals), line.slice(equals + 1)]);
    at += length;
  }
  return records;
}

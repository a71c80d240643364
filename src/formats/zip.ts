/**
 * Zip archives, those beyond 4 GB included.
 *
 * @module
 */
import { type Bytes, exactly, rangeOf, type SizedBytes } from "./bytes.ts";
import { crc32 } from "./crc32.ts";
import { FormatError } from "./format_error.ts";
import { Inflated } from "./inflated.ts";

const END = 0x06054b50;
const END_64 = 0x06064b50;
const END_64_LOCATOR = 0x07064b50;
const DIRECTORY_ENTRY = 0x02014b50;
const LOCAL_HEADER = 0x04034b50;
const STORED = 0;
const DEFLATED = 8;
const ZIP64_FIELD = 1;
const MARK = 0xffffffff;

/** A comment of up to 65535 bytes can follow the record that ends an archive. */
const LONGEST_END = 22 + 0xffff;

/** A file of an archive. */
export interface ZipEntry {
  readonly name: string;
  /** Whether the archive stores its bytes unpacked. */
  readonly stored: boolean;
  /** Bytes of the file. */
  readonly size: number;
  /** Their checksum, CRC-32. */
  readonly checksum: number;
  /** Its bytes in the archive, packed or not. */
  readonly packed: SizedBytes;
  /** The file's bytes; undefined where they are packed otherwise than by deflate, or encrypted. */
  readonly content?: Bytes;
}

/**
 * The files of an archive, in the order of its directory.
 *
 * @throws {FormatError} when it is truncated, or an entry lies outside
 */
export function readZip(bytes: SizedBytes): ZipEntry[] {
  try {
    const { count, offset } = directory(bytes);
    const { buffer, byteOffset, length } = bytes.read(offset, bytes.size - offset);
    return entriesIn(bytes, new DataView(buffer, byteOffset, length), count);
  } catch (thrown) {
    // An offset outside of the file.
    if (thrown instanceof RangeError) throw damaged();
    throw thrown;
  }
}

/** Bytes that are checked at a time. */
const STEP = 2 ** 23;

/**
 * Reads a file of an archive whole and compares it with its checksum; other work continues
 * meanwhile.
 *
 * @throws {FormatError} when it is another one
 */
export async function checkEntry({ content, size, checksum }: ZipEntry): Promise<void> {
  let sum = 0;
  for (let at = 0; at < size && content; at += STEP) {
    sum = crc32(exactly(content, at, Math.min(STEP, size - at)), sum);
    await new Promise((resolve) => setTimeout(resolve));
  }
  if (sum !== checksum) throw new FormatError("its checksum is wrong");
}

function entriesIn(bytes: SizedBytes, view: DataView, count: number): ZipEntry[] {
  const entries: ZipEntry[] = [];
  let at = 0;
  for (let i = 0; i < count; i++) {
    if (view.getUint32(at, true) !== DIRECTORY_ENTRY) throw damaged();
    const [flags, method] = [8, 10].map((field) => view.getUint16(at + field, true));
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((field) =>
      view.getUint16(at + field, true)
    );
    const name = new TextDecoder().decode(
      new Uint8Array(view.buffer, view.byteOffset + at + 46, nameLength),
    );
    const { size, length, header } = placeOf(view, at, at + 46 + nameLength, extraLength);
    const local = viewOf(bytes, header, 30);
    if (local.getUint32(0, true) !== LOCAL_HEADER) throw damaged();
    const begin = header + 30 + local.getUint16(26, true) + local.getUint16(28, true);
    const stored = method === STORED;
    if (begin + length > bytes.size || stored && size !== length) throw damaged();
    const packed = rangeOf(bytes, begin, length);
    const content = (flags & 1) === 1
      ? undefined
      : stored
      ? packed
      : method === DEFLATED
      ? new Inflated(packed, "deflate")
      : undefined;
    const checksum = view.getUint32(at + 16, true);
    entries.push({ name, stored, size, checksum, packed, content });
    at += 46 + nameLength + extraLength + commentLength;
  }
  return entries;
}

const damaged = () => new FormatError("its zip archive is damaged");

/** @throws {RangeError} when the file ends before */
function viewOf(bytes: Bytes, at: number, length: number): DataView {
  const { buffer, byteOffset, length: found } = bytes.read(at, length);
  if (found < length) throw new RangeError("beyond the end");
  return new DataView(buffer, byteOffset, length);
}

/** Where the directory of entries begins, and how many there are. */
function directory(bytes: SizedBytes): { count: number; offset: number } {
  const first = Math.max(0, bytes.size - LONGEST_END);
  const view = viewOf(bytes, first, bytes.size - first);
  let at = view.byteLength - 22;
  while (at >= 0 && view.getUint32(at, true) !== END) at--;
  if (at < 0) throw new FormatError("it is truncated: its zip archive has no directory");
  const locator = first + at - 20;
  if (locator >= 0) {
    const place = viewOf(bytes, locator, 20);
    if (place.getUint32(0, true) === END_64_LOCATOR) {
      const record = viewOf(bytes, big(place, 8), 56);
      if (record.getUint32(0, true) !== END_64) throw damaged();
      return { count: big(record, 32), offset: big(record, 48) };
    }
  }
  return { count: view.getUint16(at + 10, true), offset: view.getUint32(at + 16, true) };
}

/** Size and place of an entry; values above 32 bits have a field of their own. */
function placeOf(
  view: DataView,
  entry: number,
  extra: number,
  extraLength: number,
): { size: number; length: number; header: number } {
  const place = {
    size: view.getUint32(entry + 24, true),
    length: view.getUint32(entry + 20, true),
    header: view.getUint32(entry + 42, true),
  };
  for (let at = extra; at + 4 <= extra + extraLength;) {
    const length = view.getUint16(at + 2, true);
    if (view.getUint16(at, true) === ZIP64_FIELD) {
      let field = at + 4;
      for (const key of ["size", "length", "header"] as const) {
        if (place[key] !== MARK) continue;
        place[key] = big(view, field);
        field += 8;
      }
    }
    at += 4 + length;
  }
  return place;
}

function big(view: DataView, at: number): number {
  return Number(view.getBigUint64(at, true));
}

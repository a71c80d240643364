/**
 * Zip archives whose entries are stored, as PyTorch writes them.
 *
 * @module
 */
import { CheckpointError } from "../safetensors.ts";

const END = 0x06054b50;
const END_64 = 0x06064b50;
const END_64_LOCATOR = 0x07064b50;
const DIRECTORY_ENTRY = 0x02014b50;
const LOCAL_HEADER = 0x04034b50;
const STORED = 0;
const ZIP64_FIELD = 1;
const MARK = 0xffffffff;

/**
 * The stored entries of an archive by name, as windows onto its bytes; compressed ones are left out.
 *
 * @throws {CheckpointError} when it is truncated, or an entry lies outside
 */
export function readZip(bytes: Uint8Array<ArrayBuffer>): Map<string, Uint8Array<ArrayBuffer>> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    return readDirectory(bytes, view);
  } catch (thrown) {
    // An offset outside of the file.
    if (thrown instanceof RangeError) throw new CheckpointError("its zip archive is damaged");
    throw thrown;
  }
}

function readDirectory(
  bytes: Uint8Array<ArrayBuffer>,
  view: DataView,
): Map<string, Uint8Array<ArrayBuffer>> {
  const { count, offset } = directory(view);
  const entries = new Map<string, Uint8Array<ArrayBuffer>>();
  let at = offset;
  for (let i = 0; i < count; i++) {
    if (view.getUint32(at, true) !== DIRECTORY_ENTRY) throw damaged();
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((field) =>
      view.getUint16(at + field, true)
    );
    if (view.getUint16(at + 10, true) === STORED) {
      const name = new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + nameLength));
      const place = placeOf(view, at, at + 46 + nameLength, extraLength);
      if (view.getUint32(place.header, true) !== LOCAL_HEADER) throw damaged();
      const begin = place.header + 30 + view.getUint16(place.header + 26, true) +
        view.getUint16(place.header + 28, true);
      if (begin + place.size > bytes.length) throw damaged();
      entries.set(name, bytes.subarray(begin, begin + place.size));
    }
    at += 46 + nameLength + extraLength + commentLength;
  }
  return entries;
}

const damaged = () => new CheckpointError("its zip archive is damaged");

/** Where the directory of entries begins, and how many there are. */
function directory(view: DataView): { count: number; offset: number } {
  // A comment of up to 65535 bytes may follow the record.
  const first = Math.max(0, view.byteLength - 22 - 0xffff);
  let at = view.byteLength - 22;
  while (at >= first && view.getUint32(at, true) !== END) at--;
  if (at < first) throw new CheckpointError("it is truncated: its zip archive has no directory");
  const locator = at - 20;
  if (locator >= 0 && view.getUint32(locator, true) === END_64_LOCATOR) {
    const record = big(view, locator + 8);
    if (view.getUint32(record, true) !== END_64) throw damaged();
    return { count: big(view, record + 32), offset: big(view, record + 48) };
  }
  return { count: view.getUint16(at + 10, true), offset: view.getUint32(at + 16, true) };
}

/** Size and place of an entry; what exceeds 32 bits stands in a field of its own. */
function placeOf(
  view: DataView,
  entry: number,
  extra: number,
  extraLength: number,
): { size: number; header: number } {
  const place = {
    size: view.getUint32(entry + 24, true),
    header: view.getUint32(entry + 42, true),
  };
  const packed = view.getUint32(entry + 20, true);
  for (let at = extra; at + 4 <= extra + extraLength;) {
    const length = view.getUint16(at + 2, true);
    if (view.getUint16(at, true) === ZIP64_FIELD) {
      let field = at + 4;
      if (place.size === MARK) (place.size = big(view, field), field += 8);
      if (packed === MARK) field += 8;
      if (place.header === MARK) place.header = big(view, field);
    }
    at += 4 + length;
  }
  return place;
}

function big(view: DataView, at: number): number {
  return Number(view.getBigUint64(at, true));
}

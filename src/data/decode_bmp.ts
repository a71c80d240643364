/**
 * BMP bytes to pixels: 1 to 32 bits a pixel, run-length codes and bit fields, of Windows and OS/2.
 *
 * Written after Microsoft's description of BITMAPINFOHEADER and its successors.
 * @module
 */
import { DataError } from "./errors.ts";
import { blended } from "./pixels.ts";
import { checkSize, type RgbImage } from "./rgb_image.ts";

/** Ways to store pixels. */
const PLAIN = 0;
const RUNS_8 = 1;
const RUNS_4 = 2;
const FIELDS = 3;
const ALPHA_FIELDS = 6;

/** Masks of red, green, blue and alpha where a file names none. */
const MASKS_16 = [0x7c00, 0x03e0, 0x001f, 0];
const MASKS_32 = [0xff0000, 0x00ff00, 0x0000ff, 0];

interface Header {
  readonly width: number;
  readonly height: number;
  /** Whether the first row is the upper one. */
  readonly down: boolean;
  readonly bits: number;
  readonly compression: number;
  readonly masks: readonly number[];
  readonly palette: Uint8Array;
  /** Bytes of a color. */
  readonly entry: number;
  /** Where the pixels begin. */
  readonly start: number;
}

/**
 * Decodes one BMP file. Alpha that a mask declares is kept or blended on white, unless it is 0
 * everywhere.
 *
 * @throws {DataError} when the file is damaged or of a kind that isn't supported
 */
export function decodeBmp(bytes: Uint8Array, most?: number, alpha = false): RgbImage {
  const header = readHeader(bytes);
  const { width, height, bits, compression } = header;
  checkSize("BMP", width, height, most);
  const runs = compression === RUNS_8 || compression === RUNS_4;
  // Nothing is allocated for pixels that aren't there.
  if (!runs) rowBytes(bytes, header);
  else if (width * height > 256 * bytes.length + 65536) throw damaged("it has too few pixels");
  const kept = alpha && bits > 8 && header.masks[3] !== 0;
  const data = new Uint8Array(width * height * (kept ? 4 : 3));
  if (runs) paint(readRuns(bytes, header), header, data);
  else if (bits <= 8) paint(readIndices(bytes, header), header, data);
  else readColours(bytes, header, data);
  return { width, height, data };
}

function readHeader(bytes: Uint8Array): Header {
  if (bytes.length < 26) throw damaged("it ends within its header");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const size = view.getUint32(14, true);
  const old = size === 12;
  if (bytes.length < 14 + size) throw damaged("it ends within its header");
  const signed = old ? view.getUint16(20, true) : view.getInt32(22, true);
  const width = old ? view.getUint16(18, true) : view.getInt32(18, true);
  const bits = view.getUint16(old ? 24 : 28, true);
  const compression = size >= 40 ? view.getUint32(30, true) : PLAIN;
  if (![1, 4, 8, 16, 24, 32].includes(bits) || !allowed(bits, compression)) {
    throw new DataError(
      `Cannot decode BMP: ${bits} bits a pixel in storage ${compression} are not supported; save ` +
        `it as PNG`,
    );
  }
  const fields = compression === FIELDS || compression === ALPHA_FIELDS;
  // Masks follow the smallest header, and lie inside the larger ones, at the same place.
  const count = size >= 56 || compression === ALPHA_FIELDS ? 4 : 3;
  if (fields && bytes.length < 54 + 4 * count) throw damaged("it ends within its header");
  const masks = fields
    ? [0, 1, 2, 3].map((i) => i < count ? view.getUint32(54 + 4 * i, true) : 0)
    : bits === 16
    ? MASKS_16
    : MASKS_32;
  const entry = old ? 3 : 4;
  const first = 14 + size + (fields && size === 40 ? 4 * count : 0);
  const used = size >= 40 && view.getUint32(46, true) || 2 ** bits;
  const start = view.getUint32(10, true);
  const end = Math.min(first + entry * Math.min(used, 256), Math.max(start, first));
  const palette = bits <= 8 ? bytes.subarray(first, end) : new Uint8Array();
  const height = Math.abs(signed);
  return { width, height, down: signed < 0, bits, compression, masks, palette, entry, start };
}

function allowed(bits: number, compression: number): boolean {
  if (compression === RUNS_8) return bits === 8;
  if (compression === RUNS_4) return bits === 4;
  if (compression === FIELDS || compression === ALPHA_FIELDS) return bits === 16 || bits === 32;
  return compression === PLAIN;
}

/** Bytes from one row to the next; checks that all rows exist. */
function rowBytes(bytes: Uint8Array, { width, height, bits, start }: Header): number {
  const row = Math.ceil(width * bits / 32) * 4;
  // Some programs leave out the padding of the last row.
  if (start + row * (height - 1) + Math.ceil(width * bits / 8) > bytes.length) {
    throw damaged("it has too few pixels");
  }
  return row;
}

/** (height, width), the upper row first. */
function readIndices(bytes: Uint8Array, header: Header): Uint8Array {
  const { width, height, bits, start, down } = header;
  const row = rowBytes(bytes, header);
  const out = new Uint8Array(width * height);
  for (let y = 0, o = 0; y < height; y++) {
    const from = start + (down ? y : height - 1 - y) * row;
    for (let x = 0; x < width; x++) {
      const bit = x * bits;
      out[o++] = bytes[from + (bit >> 3)] >> (8 - bits - (bit & 7)) & ((1 << bits) - 1);
    }
  }
  return out;
}

/** As {@linkcode readIndices}, of run-length codes; skipped pixels are color 0. */
function readRuns(bytes: Uint8Array, { width, height, bits, start, down }: Header): Uint8Array {
  const out = new Uint8Array(width * height);
  const put = (x: number, y: number, value: number) => {
    if (x < width && y < height) out[(down ? y : height - 1 - y) * width + x] = value;
  };
  const nibble = (byte: number, i: number) => bits === 8 ? byte : i % 2 ? byte & 15 : byte >> 4;
  let [at, x, y] = [start, 0, 0];
  while (at + 2 <= bytes.length && y < height) {
    const [count, value] = [bytes[at], bytes[at + 1]];
    at += 2;
    if (count > 0) {
      for (let i = 0; i < count; i++) put(x++, y, nibble(value, i));
    } else if (value === 0) [x, y] = [0, y + 1];
    else if (value === 1) return out;
    else if (value === 2) {
      [x, y] = [x + (bytes[at] ?? 0), y + (bytes[at + 1] ?? 0)];
      at += 2;
    } else {
      const length = bits === 8 ? value : Math.ceil(value / 2);
      if (at + length > bytes.length) throw damaged("it has too few pixels");
      for (let i = 0; i < value; i++) put(x++, y, nibble(bytes[at + (bits === 8 ? i : i >> 1)], i));
      at += length + length % 2;
    }
  }
  if (y < height - 1) throw damaged("it has too few pixels");
  return out;
}

function paint(indices: Uint8Array, { palette, entry }: Header, data: Uint8Array): void {
  const colours = Math.floor(palette.length / entry);
  for (let i = 0, o = 0; i < indices.length; i++) {
    const at = indices[i] * entry;
    // As in Pillow and browsers, a missing color is black.
    const there = indices[i] < colours;
    for (let c = 2; c >= 0; c--) data[o++] = there ? palette[at + c] : 0;
  }
}

function readColours(bytes: Uint8Array, header: Header, data: Uint8Array): void {
  const { width, height, bits, start, down, masks } = header;
  const row = rowBytes(bytes, header);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const size = bits / 8;
  const read = (at: number) =>
    bits === 32
      ? view.getUint32(at, true)
      : bits === 16
      ? view.getUint16(at, true)
      : bytes[at] | bytes[at + 1] << 8 | bytes[at + 2] << 16;
  const channels = masks.map(channelOf);
  const kept = data.length === width * height * 4;
  const [red, green, blue, alpha] = channels;
  let transparent = masks[3] !== 0;
  // Programs that don't know alpha write files whose alpha is 0 everywhere.
  for (let pass = transparent ? 0 : 1, seen = false; pass < 2; pass++) {
    for (let y = 0, o = 0; y < height; y++) {
      const from = start + (down ? y : height - 1 - y) * row;
      for (let x = 0; x < width; x++) {
        const value = read(from + x * size);
        if (pass === 0) {
          seen ||= alpha(value) > 0;
          continue;
        }
        const a = transparent ? alpha(value) : 255;
        for (const channel of [red, green, blue]) {
          data[o++] = kept ? channel(value) : blended(channel(value), a);
        }
        if (kept) data[o++] = a;
      }
    }
    if (pass === 0) transparent = seen;
  }
}

/** A function that takes a channel out of a pixel, 0 to 255. */
function channelOf(mask: number): (pixel: number) => number {
  if (mask === 0) return () => 0;
  const shift = 31 - Math.clz32(mask & -mask);
  const most = mask >>> shift;
  return (pixel) => Math.min(255, Math.floor(((pixel & mask) >>> shift) * 255 / most));
}

function damaged(what: string): DataError {
  return new DataError(`Cannot decode BMP: the file is damaged (${what}); replace or remove it`);
}

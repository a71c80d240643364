/**
 * PNG bytes to pixels: every color type and depth, with transparency or blended on white.
 * @module
 */
import { decode, type DecodedPng } from "fast-png";
import { Unzlib } from "fflate";
import { DataError, reasonOf } from "./errors.ts";
import { decodeAdam7 } from "./png_adam7.ts";
import { exifOrientation, upright } from "./exif_orientation.ts";
import { checkSize, type RgbImage } from "./rgb_image.ts";

/** Inflated bytes for one of deflate's, at most. */
const MAX_RATIO = 1032;

/** Inflated bytes beyond its pixels that a picture needs no second look for. */
const SLACK = 64e6;

/** Bytes inflated at a time. */
const PIECE = 4096;

const GREY = 0;
const RGB = 2;
const PALETTE = 3;
const GREY_ALPHA = 4;
const RGBA = 6;

/** Samples of a pixel, by its color type. */
const CHANNELS = [1, 0, 3, 1, 2, 0, 4];

/** Bytes of all pixels, at most: those of 120 megapixels of RGBA. */
const MAX_STORED = 480e6;

/**
 * Decodes one PNG file (1 to 16 bits a sample; 16 bits are scaled to 8 with rounding), turned by
 * its EXIF orientation.
 *
 * @throws {DataError} when the file is damaged
 */
export function decodePng(bytes: Uint8Array, most?: number, alpha = false): RgbImage {
  const pixels = readPixels(bytes, SLACK, most);
  return upright(alpha ? withAlpha(pixels) : onWhite(pixels), exifOrientation(exifOf(bytes)));
}

/** Decoded pixels of any depth: `rgba` writes pixel i as (r, g, b, alpha), each up to `max`. */
interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly max: number;
  readonly rgba: (i: number, out: number[]) => void;
}

function onWhite({ width, height, max, rgba }: Pixels): RgbImage {
  const scale = 255 / (max * max);
  const data = new Uint8Array(width * height * 3);
  const pixel = [0, 0, 0, 0];
  for (let i = 0, o = 0; o < data.length; i++) {
    rgba(i, pixel);
    const alpha = pixel[3];
    const white = max * (max - alpha);
    for (let c = 0; c < 3; c++) data[o++] = Math.floor((pixel[c] * alpha + white) * scale + 0.5);
  }
  return { width, height, data };
}

/** Colors not multiplied by alpha. */
function withAlpha({ width, height, max, rgba }: Pixels): RgbImage {
  const data = new Uint8Array(width * height * 4);
  const pixel = [0, 0, 0, 0];
  for (let i = 0, o = 0; o < data.length; i++) {
    rgba(i, pixel);
    for (let c = 0; c < 4; c++) data[o++] = Math.round(pixel[c] * 255 / max);
  }
  return { width, height, data };
}

/** Its EXIF data, empty where there are none. */
function exifOf(bytes: Uint8Array): Uint8Array {
  for (const { type, data } of pngChunks(bytes)) if (type === "eXIf") return data;
  return new Uint8Array();
}

/**
 * Decodes one PNG file with its transparency and without orientation: a frame of many, so that none
 * can inflate to more than its pixels.
 *
 * @returns `data` (height, width, 4), values 0..255, colours not multiplied by alpha
 * @throws {DataError} as {@linkcode decodePng} does
 */
export function decodePngRgba(bytes: Uint8Array): RgbImage {
  return withAlpha(readPixels(bytes, 0));
}

function readPixels(bytes: Uint8Array, slack: number, most?: number): Pixels {
  const colourType = readColourType(bytes, most);
  checkInflated(bytes, slack);
  const [interlaced, bits] = [bytes[28] === 1, bytes[24]];
  if (interlaced && bits < 8) return readInterlaced(bytes, colourType, bits);
  const png = decodeChunks(bytes);
  const { width, height, depth, channels } = png;
  const samples = depth < 8 ? unpackRows(png.data, width, height, depth) : png.data;
  if (samples.length !== width * height * channels) throw damaged("it has too few pixels");
  const max = colourType === PALETTE ? 255 : 2 ** depth - 1;
  return { width, height, max, rgba: pixelReader(png, colourType, samples) };
}

function readInterlaced(bytes: Uint8Array, colourType: number, depth: number): Pixels {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [width, height] = [view.getUint32(16), view.getUint32(20)];
  const png = orDamaged(() => decodeAdam7([...pngChunks(bytes)], width, height, depth, colourType));
  const max = colourType === PALETTE ? 255 : 2 ** depth - 1;
  const rgba = pixelReader({ ...png, depth }, colourType, png.samples);
  return { width, height, max, rgba };
}

/**
 * Checks the header before anything is allocated for it. fast-png doesn't give the color type, and
 * a palette doesn't show it: an RGB file can carry a (suggested) one too.
 */
function readColourType(bytes: Uint8Array, most?: number): number {
  if (bytes.length < 29) throw damaged("it ends within its header");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  checkSize("PNG", view.getUint32(16), view.getUint32(20), most);
  const depth = bytes[24];
  if (view.getUint32(16) * view.getUint32(20) * depth / 8 > MAX_RATIO * bytes.length) {
    throw damaged("its header says more pixels than its length can hold");
  }
  const colourType = bytes[25];
  const stored = view.getUint32(16) * view.getUint32(20) * depth / 8 * (CHANNELS[colourType] ?? 4);
  if (stored > MAX_STORED) {
    throw new DataError(
      `Cannot decode PNG: its pixels take ${(stored / 1e6).toFixed(0)} MB, where ` +
        `${MAX_STORED / 1e6} MB are accepted; make it smaller`,
    );
  }
  if (depth < 8 && colourType !== GREY && colourType !== PALETTE) {
    throw damaged(`its header says colors of type ${colourType} with ${depth} bits`);
  }
  return colourType;
}

/**
 * Checks that the pixels don't inflate to far more than the header calls for: zeros shrink a
 * thousandfold, so that a small file could ask for all memory there is.
 */
function checkInflated(bytes: Uint8Array, slack: number): void {
  const chunks = [...pngChunks(bytes)].filter(({ type }) => type === "IDAT");
  const packed = chunks.reduce((sum, { data }) => sum + data.length, 0);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // 8 bytes a pixel at most, and rows and passes that begin with a byte of their own.
  const limit = 8 * view.getUint32(16) * view.getUint32(20) + 8 * view.getUint32(20) + slack;
  if (packed * MAX_RATIO <= limit) return;
  let inflated = 0;
  const unzlib = new Unzlib((part) => {
    inflated += part.length;
    if (inflated > limit) throw damaged("it has more compressed data than pixels");
  });
  for (const { data } of chunks) {
    for (let at = 0; at < data.length; at += PIECE) {
      try {
        unzlib.push(data.subarray(at, at + PIECE));
      } catch (thrown) {
        if (thrown instanceof DataError) throw thrown;
        return; // The decoder says what is wrong with it.
      }
    }
  }
}

/** The chunks of a PNG file, as far as they are whole. */
export function* pngChunks(
  bytes: Uint8Array,
): Generator<{ type: string; data: Uint8Array; crc: number }> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 8; at + 12 <= bytes.length;) {
    const length = view.getUint32(at);
    if (at + 12 + length > bytes.length) return;
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    const data = bytes.subarray(at + 8, at + 8 + length);
    yield { type, data, crc: view.getUint32(at + 8 + length) };
    at += 12 + length;
  }
}

function decodeChunks(bytes: Uint8Array): DecodedPng {
  return orDamaged(() => decode(bytes, { checkCrc: true }));
}

/** Turns a decoder's error into a sentence. */
function orDamaged<T>(work: () => T): T {
  try {
    return work();
  } catch (thrown) {
    const cause = thrown instanceof Error && thrown.cause ? thrown.cause : thrown;
    const reason = reasonOf(cause);
    if (/outside the bounds|typed array length/i.test(reason)) throw damaged("it ends too soon");
    if (/unexpected EOF|filter: undefined|invalid zlib/i.test(reason)) {
      throw damaged("its compressed pixels are incomplete");
    }
    throw damaged(reason);
  }
}

function damaged(what: string): DataError {
  return new DataError(`Cannot decode PNG: the file is damaged (${what}); replace or remove it`);
}

/** Rows of 1, 2 or 4-bit samples, each row padded to a whole byte, to one byte a sample. */
function unpackRows(
  packed: DecodedPng["data"],
  width: number,
  height: number,
  depth: number,
): Uint8Array {
  const rowBytes = Math.ceil(width * depth / 8);
  const mask = (1 << depth) - 1;
  const out = new Uint8Array(width * height);
  for (let y = 0, o = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const bit = x * depth;
      const byte = packed[y * rowBytes + (bit >> 3)];
      out[o++] = (byte >> (8 - depth - (bit & 7))) & mask;
    }
  }
  return out;
}

/** A function that writes pixel i as (r, g, b, alpha), in the units of the file's own depth. */
function pixelReader(
  png: Pick<DecodedPng, "transparency" | "palette"> & { readonly depth: number },
  colourType: number,
  samples: DecodedPng["data"],
): (i: number, out: number[]) => void {
  const max = 2 ** png.depth - 1;
  // The one color that a tRNS chunk declares wholly transparent, where there is one.
  const key = png.transparency;
  switch (colourType) {
    case GREY:
      return (i, out) => {
        out[0] = out[1] = out[2] = samples[i];
        out[3] = key?.[0] === samples[i] ? 0 : max;
      };
    case GREY_ALPHA:
      return (i, out) => {
        out[0] = out[1] = out[2] = samples[2 * i];
        out[3] = samples[2 * i + 1];
      };
    case RGB:
      return (i, out) => {
        for (let c = 0; c < 3; c++) out[c] = samples[3 * i + c];
        out[3] = key && key[0] === out[0] && key[1] === out[1] && key[2] === out[2] ? 0 : max;
      };
    case RGBA:
      return (i, out) => {
        for (let c = 0; c < 4; c++) out[c] = samples[4 * i + c];
      };
    default:
      return paletteReader(png.palette ?? [], samples);
  }
}

function paletteReader(
  palette: readonly number[][],
  samples: DecodedPng["data"],
): (i: number, out: number[]) => void {
  return (i, out) => {
    const colour = palette[samples[i]];
    if (!colour) {
      throw damaged(`a pixel asks for color ${samples[i]} of a palette of ${palette.length}`);
    }
    for (let c = 0; c < 3; c++) out[c] = colour[c];
    out[3] = colour[3] ?? 255;
  };
}

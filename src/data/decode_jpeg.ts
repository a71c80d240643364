/**
 * JPEG bytes to RGB pixels: baseline and progressive; gray, YCbCr, RGB and Adobe's CMYK.
 * @module
 */
import decode from "jpeg-js";
import { DataError, reasonOf } from "./errors.ts";
import { exifOrientation, type Orientation, upright } from "./exif_orientation.ts";
import { concat } from "./prepared_format.ts";
import { checkSize, MAX_PIXELS, type RgbImage } from "./rgb_image.ts";

/** A block of 64 pixels takes a bit at least; twice that, to be safe. */
const MAX_PIXELS_A_BYTE = 1024;

/** Samples of all channels: those of the largest picture in full color. Each takes 12 bytes to decode. */
const MAX_SAMPLES = 3 * MAX_PIXELS;

/** Scans of a progressive file; programs write about ten, and each goes over all pixels again. */
const MAX_SCANS = 200;

/** Pixels that any file can have. */
const SLACK = 65536;

/**
 * Decodes one JPEG file, turned by its EXIF orientation.
 *
 * @throws {DataError} when the file is damaged or of a kind that isn't supported
 */
export function decodeJpeg(bytes: Uint8Array, most?: number): RgbImage {
  const frame = readFrame(bytes);
  checkSize("JPEG", frame.width, frame.height, most);
  if (frame.samples > MAX_SAMPLES) {
    throw new DataError(
      `Cannot decode JPEG: its ${frame.components.length} channels of ` +
        `${frame.width}x${frame.height} have ${
          (frame.samples / 1e6).toFixed(0)
        } million samples, ` +
        `where ${MAX_SAMPLES / 1e6} million are accepted; make it smaller, or save it as RGB`,
    );
  }
  if (frame.width * frame.height > MAX_PIXELS_A_BYTE * bytes.length + SLACK) {
    throw damaged(`its header says ${frame.width}x${frame.height}, too much for its length`);
  }
  if (scansAfter(bytes, frame.end) > MAX_SCANS) throw damaged(`it has over ${MAX_SCANS} scans`);
  if (frame.precision !== 8) {
    throw new DataError(
      `Cannot decode JPEG: it has ${frame.precision}-bit samples, where only 8-bit ones are ` +
        `supported; save it as an 8-bit JPEG or as PNG`,
    );
  }
  try {
    const { width, height, data } = decode(cleaned(bytes, frame), {
      useTArray: true,
      formatAsRGBA: false,
      maxResolutionInMP: MAX_PIXELS / 1e6,
      maxMemoryUsageInMB: 4096,
      // Left alone, jpeg-js takes every three-channel file for YCbCr.
      ...(isRgb(frame) ? { colorTransform: false } : {}),
    });
    return upright({ width, height, data }, frame.orientation);
  } catch (thrown) {
    // A TypeError is jpeg-js tripping over a table that the file never defined.
    throw damaged(
      thrown instanceof TypeError ? "a table or segment is missing" : translate(reasonOf(thrown)),
    );
  }
}

/** Four channels are CMYK, stored inverted, as Adobe's programs do and Pillow assumes of all. */
const ADOBE = [0xff, 0xee, 0, 14, ...new TextEncoder().encode("Adobe"), 0, 100, 0, 0, 0, 0, 0];

/** The file as jpeg-js takes it: without bytes between segments, and with Adobe's marker for CMYK. */
function cleaned(bytes: Uint8Array, frame: Frame): Uint8Array {
  const cmyk = frame.components.length === 4 && frame.adobeTransform === undefined;
  if (!frame.stray && !cmyk) return bytes;
  const segments = frame.segments.map(([from, to]) => bytes.subarray(from, to));
  const marker = cmyk ? [Uint8Array.from(ADOBE)] : [];
  return concat([bytes.subarray(0, 2), ...marker, ...segments, bytes.subarray(frame.end)]);
}

function translate(reason: string): string {
  if (/maxMemoryUsageInMB/.test(reason)) return "it takes more than 4 GiB to decode";
  if (/marker was not found|unknown JPEG marker 0$/.test(reason)) return "it ends too soon";
  return reason;
}

function damaged(what: string): DataError {
  return new DataError(`Cannot decode JPEG: the file is damaged (${what}); replace or remove it`);
}

interface Frame {
  readonly precision: number;
  readonly width: number;
  readonly height: number;
  readonly components: readonly number[];
  /** Of all channels; some can be stored at a part of the size. */
  readonly samples: number;
  readonly jfif: boolean;
  readonly adobeTransform?: number;
  readonly orientation: Orientation;
  /** Where each segment before the first scan begins and ends. */
  readonly segments: readonly (readonly [number, number])[];
  /** Where the first scan begins. */
  readonly end: number;
  /** Whether there are bytes between segments. */
  readonly stray: boolean;
}

type FrameHeader = Pick<Frame, "precision" | "width" | "height" | "components" | "samples">;

/** Walks the segments up to the first scan, for facts that jpeg-js doesn't give or check. */
function readFrame(bytes: Uint8Array): Frame {
  let jfif = false;
  let adobeTransform: number | undefined;
  let orientation: Orientation | undefined;
  let frame: FrameHeader | undefined;
  const segments: [number, number][] = [];
  let stray = false;
  let at = 2;
  while (at + 4 <= bytes.length) {
    const marker = bytes[at + 1];
    // Fill bytes, and bytes that some phones leave between segments.
    if (bytes[at] !== 0xff || marker === 0xff || marker === 0x00) {
      stray = true;
      at++;
      continue;
    }
    if (marker === 0xda || marker === 0xd9) break;
    const length = bytes[at + 2] << 8 | bytes[at + 3];
    const body = bytes.subarray(at + 4, at + 2 + length);
    if (marker === 0xe0 && startsWith(body, "JFIF\0")) jfif = true;
    if (marker === 0xe1 && startsWith(body, "Exif\0")) {
      // One byte of padding follows.
      orientation ??= exifOrientation(body.subarray(6));
    }
    if (marker === 0xee && startsWith(body, "Adobe")) adobeTransform = body[11];
    if (isStartOfFrame(marker)) {
      if (marker > 0xc2) {
        throw new DataError(
          "Cannot decode JPEG: it is lossless, hierarchical or arithmetic-coded, where baseline " +
            "and progressive are supported; save it again as one of these",
        );
      }
      frame ??= readFrameHeader(body);
    }
    segments.push([at, at + 2 + length]);
    at += 2 + length;
  }
  if (!frame) throw damaged("it ends before its frame header");
  return {
    ...frame,
    jfif,
    adobeTransform,
    orientation: orientation ?? 1,
    segments,
    end: at,
    stray,
  };
}

function readFrameHeader(body: Uint8Array): FrameHeader {
  const count = body[5];
  if (body.length < 6 + 3 * count) throw damaged("its frame header is cut short");
  const [height, width] = [body[1] << 8 | body[2], body[3] << 8 | body[4]];
  const across = Array.from({ length: count }, (_, i) => body[7 + 3 * i] >> 4);
  const down = Array.from({ length: count }, (_, i) => body[7 + 3 * i] & 15);
  const stored = across.reduce((sum, columns, i) => sum + columns * down[i], 0);
  return {
    precision: body[0],
    height,
    width,
    components: Array.from({ length: count }, (_, i) => body[6 + 3 * i]),
    samples: width * height * stored / (Math.max(1, ...across) * Math.max(1, ...down)),
  };
}

/** Counts the scans; it also counts those of data after the picture. */
function scansAfter(bytes: Uint8Array, from: number): number {
  let scans = 0;
  for (let at = bytes.indexOf(0xff, from); at >= 0; at = bytes.indexOf(0xff, at + 1)) {
    if (bytes[at + 1] === 0xda) scans++;
  }
  return scans;
}

function isStartOfFrame(marker: number): boolean {
  // C4, C8 and CC lie in the same range but hold tables.
  return marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
}

/** libjpeg's rule for three channels, so that colors agree with every other program. */
function isRgb({ components, jfif, adobeTransform }: Frame): boolean {
  if (components.length !== 3 || jfif) return false;
  if (adobeTransform !== undefined) return adobeTransform === 0;
  return String.fromCharCode(...components) === "RGB";
}

function startsWith(bytes: Uint8Array, text: string): boolean {
  return [...text].every((char, i) => bytes[i] === char.charCodeAt(0));
}

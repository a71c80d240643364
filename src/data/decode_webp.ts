/**
 * WebP bytes to pixels, by libwebp: the same pixels as everywhere.
 * @module
 */
import { DataError } from "./errors.ts";
import { exifOrientation, upright } from "./exif_orientation.ts";
import { onWhite } from "./pixels.ts";
import { checkSize, type RgbImage } from "./rgb_image.ts";
import { WEBP_WASM } from "./webp_wasm.ts";

/** A bit of VP8X for moving pictures. */
const MOVES = 2;

/**
 * Pages of memory, of 64 KiB, beyond which the module is instantiated again: memory never shrinks.
 */
const MAX_PAGES = 1024;

/** Bytes and pages. */
const PAGE = 65536;

interface LibWebp {
  readonly memory: WebAssembly.Memory;
  WebPDecodeRGBA(bytes: number, length: number, width: number, height: number): number;
  malloc(bytes: number): number;
  free(address: number): void;
}

let instance: LibWebp | undefined;
let module: WebAssembly.Module | undefined;

/**
 * Decodes one WebP file that doesn't move, transparency kept or blended on white, turned by its
 * EXIF orientation.
 *
 * @throws {DataError} when the file is damaged, or moves
 */
export function decodeWebp(bytes: Uint8Array, most?: number, alpha = false): RgbImage {
  const { width, height, moves, exif } = readHeader(bytes);
  if (moves) {
    throw new DataError(
      "Cannot decode WebP: it moves; save its pictures one by one, or as GIF or animated PNG",
    );
  }
  checkSize("WebP", width, height, most);
  const rgba = decode(bytes, width, height);
  const data = alpha ? rgba : new Uint8Array(width * height * 3);
  if (!alpha) onWhite(rgba, data);
  return upright({ width, height, data }, exifOrientation(exif));
}

function decode(bytes: Uint8Array, width: number, height: number): Uint8Array {
  const webp = instance ??= start();
  try {
    const input = allocate(webp, bytes.length);
    const sizes = allocate(webp, 8);
    new Uint8Array(webp.memory.buffer).set(bytes, input);
    const output = webp.WebPDecodeRGBA(input, bytes.length, sizes, sizes + 4);
    webp.free(input);
    const view = new DataView(webp.memory.buffer);
    const found = [view.getUint32(sizes, true), view.getUint32(sizes + 4, true)];
    webp.free(sizes);
    if (output === 0) throw damaged("its compressed pixels are broken or incomplete");
    const agrees = found[0] === width && found[1] === height;
    const pixels = agrees
      ? new Uint8Array(webp.memory.buffer, output, width * height * 4).slice()
      : undefined;
    webp.free(output);
    if (!pixels) throw damaged(`its headers say ${width}x${height} and ${found.join("x")}`);
    return pixels;
  } catch (thrown) {
    if (thrown instanceof DataError) throw thrown;
    instance = undefined;
    throw damaged("its decoder stopped");
  } finally {
    if (webp.memory.buffer.byteLength > MAX_PAGES * PAGE) instance = undefined;
  }
}

function allocate(webp: LibWebp, bytes: number): number {
  const address = webp.malloc(bytes);
  if (address === 0) throw new DataError("Cannot decode WebP: it needs more memory than there is");
  return address;
}

function start(): LibWebp {
  module ??= new WebAssembly.Module(
    Uint8Array.from(atob(WEBP_WASM), (character) => character.charCodeAt(0)),
  );
  const none = () => {
    throw new Error("libwebp must not touch files");
  };
  const system = { fd_close: none, fd_seek: none, fd_write: none };
  const { exports } = new WebAssembly.Instance(module, { wasi_snapshot_preview1: system });
  return exports as unknown as LibWebp;
}

/** Walks the chunks: size, whether it moves, and EXIF data. */
function readHeader(bytes: Uint8Array) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let [size, moves, exif] = [undefined as number[] | undefined, false, new Uint8Array()];
  for (let at = 12; at + 8 <= bytes.length;) {
    const type = String.fromCharCode(...bytes.subarray(at, at + 4));
    const length = view.getUint32(at + 4, true);
    const body = bytes.subarray(at + 8, at + 8 + length);
    const u16 = (i: number) => body[i] | body[i + 1] << 8;
    if (type === "VP8X" && body.length >= 10) {
      size = [1 + (u16(4) | body[6] << 16), 1 + (u16(7) | body[9] << 16)];
      moves = (body[0] & MOVES) !== 0;
    } else if (type === "VP8 " && body.length >= 10) {
      size ??= [u16(6) & 0x3fff, u16(8) & 0x3fff];
    } else if (type === "VP8L" && body.length >= 5) {
      const bits = view.getUint32(at + 9, true);
      size ??= [1 + (bits & 0x3fff), 1 + (bits >>> 14 & 0x3fff)];
    } else if (type === "EXIF") {
      const named = String.fromCharCode(...body.subarray(0, 4)) === "Exif";
      exif = body.slice(named ? 6 : 0);
    }
    at += 8 + length + length % 2;
  }
  if (!size) throw damaged("it ends within its header");
  return { width: size[0], height: size[1], moves, exif };
}

function damaged(what: string): DataError {
  return new DataError(`Cannot decode WebP: the file is damaged (${what}); replace or remove it`);
}

/**
 * PNG or JPEG bytes to RGB pixels. Pure: no file access, so it runs anywhere.
 * @module
 */
import { DataError } from "./errors.ts";
import { decodeJpeg } from "./decode_jpeg.ts";
import { decodePng } from "./decode_png.ts";
import type { RgbImage } from "./rgb_image.ts";

export type { RgbImage };

const PNG_MAGIC = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const JPEG_MAGIC = [0xff, 0xd8, 0xff];

/** To be raised whenever some file gives other pixels than before, images or clips. */
export const DECODERS = 2;

/**
 * Decodes one PNG or JPEG file. The format is told by the first bytes, never by a name, because
 * misnamed files are common in scraped folders. Transparency is blended on white, and a rotation noted in EXIF data is
 * carried out.
 *
 * @throws {DataError} for another format, or a damaged file; the message says what is wrong.
 *
 * @example
 * ```ts
 * const { width, height, data } = decodeImage(await Deno.readFile("face.png"));
 * console.log(width, height, data.length === width * height * 3);
 * ```
 */
export function decodeImage(bytes: Uint8Array): RgbImage {
  if (startsWith(bytes, PNG_MAGIC)) return decodePng(bytes);
  if (startsWith(bytes, JPEG_MAGIC)) return decodeJpeg(bytes);
  if (bytes.length === 0) throw new DataError("Cannot decode image: the file is empty");
  const found = guessFormat(bytes);
  throw new DataError(
    `Cannot decode image: it is neither PNG nor JPEG but ${found}; convert it to PNG or JPEG`,
  );
}

function startsWith(bytes: Uint8Array, magic: readonly number[]): boolean {
  return magic.every((value, i) => bytes[i] === value);
}

function guessFormat(bytes: Uint8Array): string {
  const text = String.fromCharCode(...bytes.subarray(0, 12));
  if (text.startsWith("GIF8")) return "GIF";
  if (text.startsWith("BM")) return "BMP";
  if (text.startsWith("RIFF") && text.endsWith("WEBP")) return "WebP";
  if (text.startsWith("II*\0") || text.startsWith("MM\0*")) return "TIFF";
  if (/^....ftypavi[fs]/s.test(text)) return "AVIF";
  if (/^....ftyp(hei|mif)/s.test(text)) return "HEIF";
  const start = Array.from(bytes.subarray(0, 4), (b) => b.toString(16).padStart(2, "0"));
  return `something that starts with bytes ${start.join(" ")}`;
}

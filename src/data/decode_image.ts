/**
 * A picture's bytes to RGB pixels. Pure: no file access, so it runs anywhere.
 * @module
 */
import { decodeBmp } from "./decode_bmp.ts";
import { decodeStillGif } from "./decode_gif.ts";
import { decodeJpeg } from "./decode_jpeg.ts";
import { decodePng } from "./decode_png.ts";
import { decodeWebp } from "./decode_webp.ts";
import { DataError } from "./errors.ts";
import { describeFormat, type Readable, readableFormat } from "./picture_format.ts";
import type { RgbImage } from "./rgb_image.ts";

export type { RgbImage };

const DECODE: Readonly<Record<Readable, (bytes: Uint8Array, most?: number) => RgbImage>> = {
  PNG: decodePng,
  JPEG: decodeJpeg,
  WebP: decodeWebp,
  BMP: decodeBmp,
  GIF: decodeStillGif,
};

/** To be raised whenever some file gives other pixels than before, images or clips. */
export const DECODERS = 3;

/**
 * Decodes one PNG, JPEG, WebP, BMP or still GIF file. The first bytes decide the format, never the
 * name. Transparency is blended on white, and a rotation noted in EXIF data is carried out.
 *
 * @param most pixels that it may have, 120 megapixels by default: its header is checked before anything
 * is allocated
 * @throws {DataError} for another format, or a damaged file; the message says what is wrong.
 *
 * @example
 * ```ts
 * const { width, height, data } = decodeImage(await Deno.readFile("face.png"));
 * console.log(width, height, data.length === width * height * 3);
 * ```
 */
export function decodeImage(bytes: Uint8Array, most?: number): RgbImage {
  const format = readableFormat(bytes);
  if (format) return DECODE[format](bytes, most);
  if (bytes.length === 0) throw new DataError("Cannot decode image: the file is empty");
  throw new DataError(
    `Cannot decode image: it is no PNG, JPEG, WebP, BMP or GIF but ${
      describeFormat(bytes)
    }; convert ` +
      `it to PNG or JPEG`,
  );
}

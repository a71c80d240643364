/**
 * The pictures of most formats to RGB pixels: all but WebP, whose decoder is larger than the others
 * together and has to be compiled. Pure: no file access, so it runs anywhere.
 * @module
 */
import { decodeBmp } from "./decode_bmp.ts";
import { decodeStillGif } from "./decode_gif.ts";
import { decodeJpeg } from "./decode_jpeg.ts";
import { decodePng } from "./decode_png.ts";
import { DataError } from "./errors.ts";
import { describeFormat, type Readable, readableFormat } from "./picture_format.ts";
import type { RgbImage } from "./rgb_image.ts";

/**
 * Makes pixels of a file, and checks its header before it allocates anything for them.
 *
 * @param most pixels at most
 * @param alpha whether to keep transparency, where the format has it, instead of a white background
 * @throws {DataError} for an unknown format, or a damaged file
 */
export type Decode = (bytes: Uint8Array, most?: number, alpha?: boolean) => RgbImage;

const DECODE: Readonly<Record<Exclude<Readable, "WebP">, Decode>> = {
  PNG: decodePng,
  JPEG: decodeJpeg,
  BMP: decodeBmp,
  GIF: decodeStillGif,
};

/** Decodes one PNG, JPEG, BMP or still GIF file, as `decodeImage` does. */
export const decodeCommon: Decode = (bytes, most, alpha) => {
  const format = readableFormat(bytes);
  if (format && format !== "WebP") return DECODE[format](bytes, most, alpha);
  if (format) {
    throw new DataError("Cannot decode WebP: its decoder is not here; convert it to PNG or JPEG");
  }
  if (bytes.length === 0) throw new DataError("Cannot decode image: the file is empty");
  throw new DataError(
    `Cannot decode image: it is not PNG, JPEG, WebP, BMP or GIF, but ${
      describeFormat(bytes)
    }; convert ` +
      `it to PNG or JPEG`,
  );
};

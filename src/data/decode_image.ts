/**
 * A picture's bytes to RGB pixels. Pure: no file access, so it runs anywhere.
 * @module
 */
import { decodeCommon } from "./decode_common.ts";
import { decodeWebp } from "./decode_webp.ts";
import { readableFormat } from "./picture_format.ts";
import type { RgbImage } from "./rgb_image.ts";

export type { RgbImage };

/** Raise this whenever some file gives other pixels than before, images or clips. */
export const DECODERS = 4;

/**
 * Decodes one PNG, JPEG, WebP, BMP or still GIF file. The first bytes decide the format, never the
 * name. Transparency is blended on white, unless `alpha` asks for it, and a rotation noted in EXIF
 * data is carried out.
 *
 * @param most pixels at most, 120 megapixels by default: its header is checked before anything is
 * allocated
 * @param alpha whether to keep transparency, where the format has it: colors not multiplied by it
 * @throws {DataError} for another format, or a damaged file; the message names the problem.
 *
 * @example
 * ```ts
 * const { width, height, data } = decodeImage(await Deno.readFile("face.png"));
 * console.log(width, height, data.length === width * height * 3);
 * ```
 */
export function decodeImage(bytes: Uint8Array, most?: number, alpha?: boolean): RgbImage {
  return (readableFormat(bytes) === "WebP" ? decodeWebp : decodeCommon)(bytes, most, alpha);
}

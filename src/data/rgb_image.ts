/**
 * The result of image decoders.
 * @module
 */
import { DataError } from "./errors.ts";
import { takeTurn } from "./large_turn.ts";

/** One decoded image. */
export interface RgbImage {
  /** In pixels. */
  readonly width: number;
  /** In pixels. */
  readonly height: number;
  /**
   * (height, width, 3), interleaved, values 0..255; (height, width, 4) with opacity, where that was
   * asked for and the format has it; (height, width) of gray numbers.
   */
  readonly data: Uint8Array;
}

/** A header may claim any size at all; beyond this it counts as damage, or an attack. */
export const MAX_PIXELS = 120e6;

/** A number of pixels, in words. */
export function megapixels(pixels: number): string {
  return pixels < 1e6 ? `${pixels} pixels` : `${Number((pixels / 1e6).toFixed(1))} megapixels`;
}

/**
 * Checks a size from a file's header before anything is allocated for it, and waits for the turn of a
 * large picture.
 *
 * @param format the word for the message: "PNG" or "JPEG"
 * @param most pixels at most
 * @throws {DataError} when either side is 0 or the area is too large
 */
export function checkSize(
  format: string,
  width: number,
  height: number,
  most: number = MAX_PIXELS,
): void {
  if (width > 0 && height > 0 && width * height <= most) return takeTurn(width * height);
  throw new DataError(
    `Cannot decode ${format}: its header says ${width}x${height} pixels, where 1x1 up to ` +
      `${megapixels(most)} are accepted; the file is damaged or must be made smaller`,
  );
}

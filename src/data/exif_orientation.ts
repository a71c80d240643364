/**
 * The rotation that cameras note in a picture's EXIF data, and pictures turned by it.
 * @module
 */
import type { RgbImage } from "./rgb_image.ts";

/**
 * How a picture is stored, in EXIF's numbers: 1 upright, 2 mirrored, 3 upside down, 4 both; 5 to 8
 * the same with rows and columns exchanged.
 */
export type Orientation = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;

const TAG = 0x0112;

/** The type of the tag's value: 16 bits, unsigned. */
const SHORT = 3;

/** Bytes of a TIFF header, and of an entry of a directory. */
const HEADER = 8;
const ENTRY = 12;

/**
 * The orientation in EXIF data (TIFF, of either byte order). Only the first directory is read, once,
 * and as far as it lies within the data.
 *
 * @param tiff the bytes after "Exif\0\0" in a JPEG file, or a PNG file's eXIf chunk
 * @returns 1 where there is none, or the data are damaged
 */
export function exifOrientation(tiff: Uint8Array): Orientation {
  if (tiff.length < HEADER) return 1;
  const view = new DataView(tiff.buffer, tiff.byteOffset, tiff.byteLength);
  const order = view.getUint16(0);
  const little = order === 0x4949;
  if (!little && order !== 0x4d4d || view.getUint16(2, little) !== 42) return 1;
  const directory = view.getUint32(4, little);
  if (directory < HEADER || directory + 2 > tiff.length) return 1;
  const first = directory + 2;
  const end = first + ENTRY * view.getUint16(directory, little);
  if (end > tiff.length) return 1;
  for (let at = first; at < end; at += ENTRY) {
    if (view.getUint16(at, little) !== TAG) continue;
    const type = view.getUint16(at + 2, little);
    const count = view.getUint32(at + 4, little);
    const value = view.getUint16(at + 8, little);
    const known = type === SHORT && count === 1 && value >= 1 && value <= 8;
    return known ? value as Orientation : 1;
  }
  return 1;
}

/**
 * Turns a picture upright.
 *
 * @param orientation how it is stored
 * @returns the same picture where it is upright, else a new one; 5 to 8 exchange width and height
 */
export function upright(image: RgbImage, orientation: Orientation): RgbImage {
  if (orientation === 1) return image;
  const { width, height, data } = image;
  // Pixels from one to the next along a stored row and column, and the pixel to begin with.
  const fromRight = [2, 3, 7, 8].includes(orientation);
  const fromBelow = [3, 4, 6, 7].includes(orientation);
  const column = fromRight ? -1 : 1;
  const row = fromBelow ? -width : width;
  const start = (fromRight ? width - 1 : 0) + (fromBelow ? (height - 1) * width : 0);
  const turned = orientation >= 5;
  const [across, down] = turned ? [row, column] : [column, row];
  const size = turned ? { width: height, height: width } : { width, height };
  const out = new Uint8Array(data.length);
  const channels = data.length / (width * height);
  for (let y = 0, o = 0; y < size.height; y++) {
    for (let x = 0, from = start + y * down; x < size.width; x++, from += across) {
      for (let c = 0; c < channels; c++) out[o++] = data[channels * from + c];
    }
  }
  return { ...size, data: out };
}

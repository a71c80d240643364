/**
 * Interlaced PNG files with less than 8 bits a sample, which fast-png reads as noise.
 * @module
 */
import { unzlibSync } from "fflate";
import { crc32 } from "../formats/crc32.ts";
import { concat } from "./prepared_format.ts";

/** First column and row, and the steps, of each pass. */
const PASSES = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
];

/** Layout of the pixels. */
export interface Adam7Png {
  /** (height, width), a byte a sample, not scaled. */
  readonly samples: Uint8Array;
  /** [r, g, b, alpha] of each color. */
  readonly palette?: number[][];
  /** The gray that is transparent. */
  readonly transparency?: Uint16Array;
}

/**
 * Decodes the pixels of such a file. Its size must have been checked.
 *
 * @param chunks of the file, in order
 * @throws {Error} naming its problem
 */
export function decodeAdam7(
  chunks: readonly { type: string; data: Uint8Array; crc: number }[],
  width: number,
  height: number,
  depth: number,
  colourType: number,
): Adam7Png {
  for (const { type, data, crc } of chunks) {
    const name = Uint8Array.from(type, (letter) => letter.charCodeAt(0));
    if (crc32(data, crc32(name)) !== crc) throw new Error(`CRC mismatch for chunk ${type}`);
  }
  const dataOf = (type: string) => chunks.find((chunk) => chunk.type === type)?.data;
  const packed = unzlibSync(concat(
    chunks.filter(({ type }) => type === "IDAT").map(({ data }) => data),
  ));
  const samples = new Uint8Array(width * height);
  let at = 0;
  for (const [left, top, stepX, stepY] of PASSES) {
    const columns = Math.ceil((width - left) / stepX);
    const rows = Math.ceil((height - top) / stepY);
    // A pass without pixels has no rows either, not even their filters.
    if (columns <= 0 || rows <= 0) continue;
    const length = Math.ceil(columns * depth / 8);
    let above = new Uint8Array(length);
    for (let y = 0; y < rows; y++) {
      if (at + 1 + length > packed.length) throw new Error("unexpected EOF");
      const row = packed.subarray(at + 1, at + 1 + length);
      unfilter(packed[at], row, above);
      for (let x = 0; x < columns; x++) {
        const bit = x * depth;
        const value = row[bit >> 3] >> (8 - depth - (bit & 7)) & ((1 << depth) - 1);
        samples[(top + y * stepY) * width + left + x * stepX] = value;
      }
      above = row;
      at += 1 + length;
    }
  }
  const [colours, alphas] = [dataOf("PLTE"), dataOf("tRNS")];
  const palette = colours && Array.from(
    { length: Math.floor(colours.length / 3) },
    (_, i) => [...colours.subarray(3 * i, 3 * i + 3), alphas?.[i] ?? 255],
  );
  const grey = colourType === 0 && alphas && alphas.length >= 2;
  const transparency = grey ? Uint16Array.of(alphas[0] << 8 | alphas[1]) : undefined;
  return { samples, palette, transparency };
}

/** Undoes a row's filter; a pixel takes no more than a byte. */
function unfilter(filter: number, row: Uint8Array, above: Uint8Array): void {
  if (filter > 4) throw new Error(`filter: undefined ${filter}`);
  for (let i = 0; i < row.length; i++) {
    const [left, up, corner] = [row[i - 1] ?? 0, above[i], above[i - 1] ?? 0];
    if (filter === 1) row[i] += left;
    else if (filter === 2) row[i] += up;
    else if (filter === 3) row[i] += (left + up) >> 1;
    else if (filter === 4) row[i] += paeth(left, up, corner);
  }
}

function paeth(left: number, up: number, corner: number): number {
  const guess = left + up - corner;
  const [a, b, c] = [left, up, corner].map((value) => Math.abs(guess - value));
  return a <= b && a <= c ? left : b <= c ? up : corner;
}

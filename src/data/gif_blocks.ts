/**
 * The blocks of a GIF file, read as forgivingly as browsers do.
 * @module
 */
import type { Area } from "./clip.ts";
import { DataError } from "./errors.ts";

/** One picture of a GIF file. */
export interface GifFrame extends Area {
  readonly interlaced: boolean;
  /** Treatment of its place before the next frame. */
  readonly disposal: number;
  /** The color that is none. */
  readonly transparent?: number;
  /** (colors, 3). */
  readonly palette: Uint8Array;
  /** Position of its code size, before its compressed pixels. */
  readonly start: number;
}

/** Contents of a file. */
export interface Gif {
  readonly width: number;
  readonly height: number;
  readonly frames: readonly GifFrame[];
}

const EXTENSION = 0x21;
const IMAGE = 0x2c;
const CONTROL = 0xf9;

/**
 * Finds the frames. Skips zeros between blocks, and everything after a broken block or the place
 * where the file was cut off. A first frame larger than the screen makes it as large.
 *
 * @throws {DataError} when there is not a single frame
 */
export function readGif(bytes: Uint8Array): Gif {
  const u16 = (at: number) => bytes[at] | bytes[at + 1] << 8;
  if (bytes.length < 13) throw damaged("it ends within its header");
  let [width, height] = [u16(6), u16(8)];
  const shared = paletteAt(bytes, 13, bytes[10]);
  const frames: GifFrame[] = [];
  let control: Pick<GifFrame, "disposal" | "transparent"> = { disposal: 0 };
  let at = 13 + shared.length;
  while (at < bytes.length) {
    const kind = bytes[at++];
    if (kind === 0) continue;
    if (kind === EXTENSION) {
      if (bytes[at] === CONTROL && bytes[at + 1] >= 4) {
        const flags = bytes[at + 2];
        control = {
          disposal: flags >> 2 & 7,
          ...flags & 1 && { transparent: bytes[at + 5] },
        };
      }
      at = afterBlocks(bytes, at + 1);
      continue;
    }
    // Anything else ends a file, be it its trailer or not.
    if (kind !== IMAGE || at + 10 > bytes.length) break;
    const [x, y, wide, high] = [u16(at), u16(at + 2), u16(at + 4), u16(at + 6)];
    const flags = bytes[at + 8];
    const own = paletteAt(bytes, at + 9, flags);
    const start = at + 9 + own.length;
    if (frames.length === 0 && (wide > width || high > height)) [width, height] = [wide, high];
    frames.push({
      ...{ x, y, width: wide, height: high, start, ...control },
      interlaced: (flags & 0x40) !== 0,
      palette: own.length > 0 ? own : shared,
    });
    control = { disposal: 0 };
    at = afterBlocks(bytes, start + 1);
  }
  if (frames.length === 0) throw damaged("it has no picture");
  return { width, height, frames };
}

/** The colors that flags announce; none where they announce none. */
function paletteAt(bytes: Uint8Array, at: number, flags: number): Uint8Array {
  return flags & 0x80 ? bytes.subarray(at, at + 3 * 2 ** ((flags & 7) + 1)) : new Uint8Array();
}

/** The place after blocks that each begin with their length, the last being empty. */
function afterBlocks(bytes: Uint8Array, at: number): number {
  while (bytes[at] > 0) at += 1 + bytes[at];
  return at + 1;
}

function damaged(what: string): DataError {
  return new DataError(`Cannot decode GIF: the file is damaged (${what}); replace or remove it`);
}

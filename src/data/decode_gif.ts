/**
 * GIF bytes, moving or not, to frames.
 * @module
 */
import { checkClip, clearArea, type Clip, putFrame } from "./clip.ts";
import { DataError } from "./errors.ts";
import { type GifFrame, readGif } from "./gif_blocks.ts";
import { decompress } from "./gif_lzw.ts";
import { checkSize, type RgbImage } from "./rgb_image.ts";

/** GIF's treatments of a frame before the next one. */
const TO_BACKGROUND = 2;
const TO_PREVIOUS = 3;

/** First rows and steps of the passes of an interlaced frame. */
const PASSES = [[0, 8], [4, 8], [2, 4], [1, 2]];

/**
 * Decodes one GIF file as browsers show it: each frame over the result of the ones before. Pixels
 * that were never drawn, were cleared, or have an unknown color are transparent, or white without
 * `alpha`. Pixels outside the screen are cut off, and pixels missing at the end of a file are not
 * drawn.
 *
 * @throws {DataError} when the file is damaged or too large
 */
export function decodeGif(bytes: Uint8Array, most?: number, alpha = false): Clip {
  const gif = readGif(bytes);
  const { width, height } = gif;
  const frames = gif.frames.length;
  checkClip("GIF", { frames, width, height }, bytes.length, most);
  // Frames can be larger than the screen, and all are decoded whole.
  const own = gif.frames.reduce((sum, { width, height }) => sum + width * height, 0);
  checkClip("GIF", { frames, width: own / frames, height: 1 }, Infinity, most);
  const each = width * height * (alpha ? 4 : 3);
  const data = new Uint8Array(frames * each);
  const canvas = new Uint8Array(width * height * 4);
  gif.frames.forEach((frame, i) => {
    const before = frame.disposal === TO_PREVIOUS ? canvas.slice() : undefined;
    draw(canvas, width, height, frame, bytes);
    putFrame(canvas, data.subarray(i * each, (i + 1) * each));
    if (frame.disposal === TO_BACKGROUND) clearArea(canvas, width, inside(frame, width, height));
    if (before) canvas.set(before);
  });
  return { frames, width, height, data };
}

/**
 * Decodes one GIF file that doesn't move.
 *
 * @throws {DataError} when the file is damaged, or moves
 */
export function decodeStillGif(bytes: Uint8Array, most?: number, alpha = false): RgbImage {
  const { frames, width, height } = readGif(bytes);
  if (frames.length > 1) {
    throw new DataError(
      `Cannot decode GIF: it moves (${frames.length} frames), where pictures are wanted; train on ` +
        `clips with --frames, or save one of them as PNG`,
    );
  }
  checkSize("GIF", width, height, most);
  return decodeGif(bytes, most, alpha);
}

/** The part of a frame on the screen. */
function inside({ x, y, width, height }: GifFrame, screenWidth: number, screenHeight: number) {
  const [left, top] = [Math.min(x, screenWidth), Math.min(y, screenHeight)];
  return {
    x: left,
    y: top,
    width: Math.min(width, screenWidth - left),
    height: Math.min(height, screenHeight - top),
  };
}

/** Puts a frame's pixels on the canvas. */
function draw(
  canvas: Uint8Array,
  screenWidth: number,
  screenHeight: number,
  frame: GifFrame,
  bytes: Uint8Array,
): void {
  const { x, y, width, height, palette, transparent } = frame;
  if (palette.length === 0) throw damaged("a frame has no colors");
  checkClip("GIF", { frames: 1, width, height }, bytes.length);
  const numbers = decompress(bytes, frame.start, width * height);
  const colours = Math.floor(palette.length / 3);
  const shown = inside(frame, screenWidth, screenHeight).width;
  const rows = frame.interlaced
    ? PASSES.flatMap(([first, step]) =>
      Array.from(
        { length: Math.max(0, Math.ceil((height - first) / step)) },
        (_, i) => first + i * step,
      )
    )
    : Array.from({ length: height }, (_, i) => i);
  rows.forEach((row, i) => {
    if (y + row >= screenHeight) return;
    let o = 4 * ((y + row) * screenWidth + x);
    for (const number of numbers.subarray(i * width, i * width + shown)) {
      if (number !== transparent && number < colours) {
        for (let c = 0; c < 3; c++) canvas[o + c] = palette[3 * number + c];
        canvas[o + 3] = 255;
      }
      o += 4;
    }
  });
}

function damaged(what: string): DataError {
  return new DataError(`Cannot decode GIF: the file is damaged (${what}); replace or remove it`);
}

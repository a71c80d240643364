/**
 * GIF bytes, moving or not, to RGB frames.
 * @module
 */
// @ts-types="@types/omggif"
import { type Frame, GifReader } from "omggif";
import { checkClip, clearArea, type Clip, onWhite } from "./clip.ts";
import { DataError, reasonOf } from "./errors.ts";
import { decompress } from "./gif_lzw.ts";

/** GIF's ways to go on after a frame. */
const TO_BACKGROUND = 2;
const TO_PREVIOUS = 3;

/** First rows and steps of the passes of an interlaced frame. */
const PASSES = [[0, 8], [4, 8], [2, 4], [1, 2]];

/**
 * Decodes one GIF file as browsers show it: each frame over what the ones before have left, and
 * what was never drawn, or was cleared, is white.
 *
 * @throws {DataError} when the file is damaged or too large
 */
export function decodeGif(bytes: Uint8Array): Clip {
  const gif = open(bytes);
  const { width, height } = gif;
  const frames = gif.numFrames();
  checkClip("GIF", { frames, width, height }, bytes.length);
  const data = new Uint8Array(frames * width * height * 3);
  const canvas = new Uint8Array(width * height * 4);
  for (let i = 0; i < frames; i++) {
    const frame = gif.frameInfo(i);
    if (frame.x + frame.width > width || frame.y + frame.height > height) {
      throw damaged(`frame ${i} lies outside its ${width}x${height} pixels`);
    }
    const before = frame.disposal === TO_PREVIOUS ? canvas.slice() : undefined;
    draw(canvas, width, frame, bytes);
    onWhite(canvas, data.subarray(i * width * height * 3, (i + 1) * width * height * 3));
    if (frame.disposal === TO_BACKGROUND) clearArea(canvas, width, frame);
    if (before) canvas.set(before);
  }
  return { frames, width, height, data };
}

function open(bytes: Uint8Array): GifReader {
  try {
    return new GifReader(bytes as Uint8Array & number[]);
  } catch (thrown) {
    throw damaged(reasonOf(thrown));
  }
}

/** Puts a frame's pixels on the canvas. */
function draw(canvas: Uint8Array, canvasWidth: number, frame: Frame, bytes: Uint8Array): void {
  const { x, y, width, height, palette_offset: palette, palette_size: colours } = frame;
  if (palette === null || colours === null) throw damaged("a frame has no colours");
  const numbers = decompress(bytes, frame.data_offset, width * height);
  const rows = frame.interlaced
    ? PASSES.flatMap(([first, step]) =>
      Array.from({ length: Math.ceil((height - first) / step) }, (_, i) => first + i * step)
    )
    : Array.from({ length: height }, (_, i) => i);
  rows.forEach((row, i) => {
    let o = 4 * ((y + row) * canvasWidth + x);
    for (const number of numbers.subarray(i * width, (i + 1) * width)) {
      if (number !== frame.transparent_index) {
        if (number >= colours) throw damaged(`a pixel asks for colour ${number} of ${colours}`);
        const at = palette + 3 * number;
        for (let c = 0; c < 3; c++) canvas[o + c] = bytes[at + c];
        canvas[o + 3] = 255;
      }
      o += 4;
    }
  });
}

function damaged(what: string): DataError {
  return new DataError(`Cannot decode GIF: the file is damaged (${what}); replace or remove it`);
}

/**
 * Animated PNG bytes to frames.
 *
 * Each frame is made a PNG file of its own and decoded as such, so that it can have every kind of
 * pixel of single pictures.
 * @module
 */
import { type Area, checkClip, clearArea, type Clip, putFrame } from "./clip.ts";
import { crc32 } from "../formats/crc32.ts";
import { decodePngRgba, pngChunks } from "./decode_png.ts";
import { DataError } from "./errors.ts";
import { concat } from "./prepared_format.ts";

/** Treatment of a frame's place before the next one. */
const TO_BACKGROUND = 1;
const TO_PREVIOUS = 2;

/** Chunks before the first frame without which pixels can't be understood. */
const SHARED = ["PLTE", "tRNS"];

/** Bytes of such a chunk, at most: 256 colors. Each frame gets a copy. */
const MAX_SHARED = 768;

interface Frame extends Area {
  readonly disposal: number;
  /** Whether to blend it over the canvas, instead of replacing the pixels. */
  readonly over: boolean;
  readonly parts: Uint8Array[];
}

/**
 * Decodes one PNG file as browsers show it: each frame over the result of the ones before, all on
 * white, or transparent with `alpha`. A PNG file that doesn't move is a clip of one frame.
 *
 * @throws {DataError} when the file is damaged or too large
 */
export function decodeApng(bytes: Uint8Array, most?: number, alpha = false): Clip {
  const { header, shared, frames, width, height } = readFrames(bytes);
  checkClip("animated PNG", { frames: frames.length, width, height }, bytes.length, most);
  const each = width * height * (alpha ? 4 : 3);
  const data = new Uint8Array(frames.length * each);
  const canvas = new Uint8Array(width * height * 4);
  frames.forEach((frame, i) => {
    const before = frame.disposal === TO_PREVIOUS ? canvas.slice() : undefined;
    draw(canvas, width, frame, decodePngRgba(single(bytes, header, shared, frame)).data);
    putFrame(canvas, data.subarray(i * each, (i + 1) * each));
    if (frame.disposal === TO_BACKGROUND) clearArea(canvas, width, frame);
    if (before) canvas.set(before);
  });
  return { frames: frames.length, width, height, data };
}

function readFrames(bytes: Uint8Array) {
  const chunks = [...pngChunks(bytes)];
  const header = chunks[0]?.data;
  if (chunks[0]?.type !== "IHDR" || header.length !== 13) throw damaged("it has no header");
  const [width, height] = [u32(header, 0), u32(header, 4)];
  const shared = chunks.filter(({ type }) => SHARED.includes(type));
  if (shared.length > 2 || shared.some(({ data }) => data.length > MAX_SHARED)) {
    throw damaged("it has too many colors");
  }
  const whole = { x: 0, y: 0, width, height, disposal: 0, over: false };
  const frames: Frame[] = [];
  const moves = chunks.some(({ type }) => type === "acTL");
  if (!moves) frames.push({ ...whole, parts: [] });
  for (const { type, data } of chunks) {
    if (type === "fcTL" && moves) frames.push(frameOf(data, width, height));
    // A picture before the first frame control is not part of the animation.
    else if (type === "IDAT") frames.at(-1)?.parts.push(data);
    else if (type === "fdAT" && moves) frames.at(-1)?.parts.push(data.subarray(4));
  }
  const declared = chunks.find(({ type }) => type === "acTL")?.data;
  const expected = declared === undefined ? 1 : declared.length === 8 ? u32(declared, 0) : NaN;
  if (frames.length !== expected) {
    throw damaged(`${frames.length} of ${expected} frames are there`);
  }
  return { header, shared, frames, width, height };
}

function frameOf(control: Uint8Array, width: number, height: number): Frame {
  if (control.length !== 26) throw damaged("a frame's description is cut short");
  const area = {
    width: u32(control, 4),
    height: u32(control, 8),
    x: u32(control, 12),
    y: u32(control, 16),
  };
  if (area.x + area.width > width || area.y + area.height > height) {
    throw damaged(`a frame lies outside its ${width}x${height} pixels`);
  }
  return { ...area, disposal: control[24], over: control[25] === 1, parts: [] };
}

/** A frame as a PNG file. */
function single(
  bytes: Uint8Array,
  header: Uint8Array,
  shared: readonly { type: string; data: Uint8Array }[],
  { width, height, parts }: Frame,
): Uint8Array {
  const own = header.slice();
  new DataView(own.buffer).setUint32(0, width);
  new DataView(own.buffer).setUint32(4, height);
  return concat([
    bytes.subarray(0, 8),
    chunk("IHDR", own),
    ...shared.map(({ type, data }) => chunk(type, data)),
    ...parts.map((part) => chunk("IDAT", part)),
    chunk("IEND", new Uint8Array()),
  ]);
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const out = new Uint8Array(12 + data.length);
  const view = new DataView(out.buffer);
  view.setUint32(0, data.length);
  out.set(new TextEncoder().encode(type), 4);
  out.set(data, 8);
  view.setUint32(8 + data.length, crc32(out.subarray(4, 8 + data.length)));
  return out;
}

/** Puts a frame's pixels on the canvas. */
function draw(canvas: Uint8Array, canvasWidth: number, frame: Frame, pixels: Uint8Array): void {
  for (let y = 0, i = 0; y < frame.height; y++) {
    let o = 4 * ((frame.y + y) * canvasWidth + frame.x);
    for (let x = 0; x < frame.width; x++, i += 4, o += 4) {
      const alpha = pixels[i + 3];
      if (!frame.over || alpha === 255) {
        canvas.set(pixels.subarray(i, i + 4), o);
        continue;
      }
      // Both have their own transparency; colors are not multiplied by it.
      const under = canvas[o + 3] * (255 - alpha) / 255;
      const sum = alpha + under;
      if (sum === 0) continue;
      for (let c = 0; c < 3; c++) {
        canvas[o + c] = Math.round((pixels[i + c] * alpha + canvas[o + c] * under) / sum);
      }
      canvas[o + 3] = Math.round(sum);
    }
  }
}

function u32(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(at);
}

function damaged(what: string): DataError {
  return new DataError(
    `Cannot decode animated PNG: the file is damaged (${what}); replace or remove it`,
  );
}

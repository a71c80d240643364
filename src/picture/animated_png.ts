/**
 * Animated PNG: the chunks of a PNG for each frame, joined in one file; programs without support
 * for animation show its first frame.
 *
 * @module
 */
import { crc32 } from "../formats/crc32.ts";

const SIGNATURE = Uint8Array.of(137, 80, 78, 71, 13, 10, 26, 10);

interface Chunk {
  readonly type: string;
  readonly data: Uint8Array;
}

/**
 * Puts frames together.
 *
 * @param frames PNG files of one size, without animation; the text of the last one is kept
 * @param options.milliseconds how long a frame is shown
 * @param options.last how long the last one is, in milliseconds
 */
export function animatedPng(
  frames: readonly Uint8Array[],
  { milliseconds, last = milliseconds }: { milliseconds: number; last?: number },
): Uint8Array<ArrayBuffer> {
  const parsed = frames.map((frame) => [...pngChunks(frame)]);
  const still = parsed.at(-1)!;
  const [header] = still;
  let sequence = 0;
  const control = (index: number) => {
    const data = new Uint8Array(26);
    const view = new DataView(data.buffer);
    view.setUint32(0, sequence++);
    data.set(header.data.subarray(0, 8), 4);
    view.setUint16(20, index === frames.length - 1 ? last : milliseconds);
    view.setUint16(22, 1000);
    return { type: "fcTL", data };
  };
  const animation = new Uint8Array(8);
  new DataView(animation.buffer).setUint32(0, frames.length);
  const pixels = (chunks: readonly Chunk[]) => chunks.filter(({ type }) => type === "IDAT");
  const chunks: Chunk[] = [header, { type: "acTL", data: animation }];
  parsed.forEach((frame, index) => {
    chunks.push(control(index));
    if (index === 0) return chunks.push(...pixels(frame));
    for (const { data } of pixels(frame)) {
      const numbered = new Uint8Array(data.length + 4);
      new DataView(numbered.buffer).setUint32(0, sequence++);
      numbered.set(data, 4);
      chunks.push({ type: "fdAT", data: numbered });
    }
  });
  chunks.push(...still.filter(({ type }) => type === "tEXt" || type === "IEND"));
  return joined([SIGNATURE, ...chunks.map(written)]);
}

/** Splits the result of {@linkcode animatedPng} into frames, each a PNG file without text. */
export function framesOf(png: Uint8Array): Uint8Array<ArrayBuffer>[] {
  const [header, ...chunks] = pngChunks(png);
  const frames: Chunk[][] = [];
  for (const { type, data } of chunks) {
    if (type === "fcTL") frames.push([]);
    if (type === "IDAT") frames.at(-1)?.push({ type, data });
    if (type === "fdAT") frames.at(-1)?.push({ type: "IDAT", data: data.subarray(4) });
  }
  const end = { type: "IEND", data: new Uint8Array() };
  return frames.map((pixels) => joined([SIGNATURE, ...[header, ...pixels, end].map(written)]));
}

/** The chunks of a PNG, up to where it is cut off or damaged. */
export function* pngChunks(png: Uint8Array): Generator<Chunk> {
  if (SIGNATURE.some((byte, i) => png[i] !== byte)) return;
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength);
  for (let at = SIGNATURE.length; at + 12 <= png.length;) {
    const end = at + 8 + view.getUint32(at);
    if (end + 4 > png.length || crc32(png.subarray(at + 4, end)) !== view.getUint32(end)) return;
    const type = String.fromCharCode(...png.subarray(at + 4, at + 8));
    yield { type, data: png.subarray(at + 8, end) };
    at = end + 4;
  }
}

function written({ type, data }: Chunk): Uint8Array {
  const bytes = new Uint8Array(data.length + 12);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, data.length);
  for (let i = 0; i < 4; i++) bytes[4 + i] = type.charCodeAt(i);
  bytes.set(data, 8);
  view.setUint32(data.length + 8, crc32(bytes.subarray(4, data.length + 8)));
  return bytes;
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

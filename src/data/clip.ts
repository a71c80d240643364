/**
 * The result of readers of moving pictures.
 * @module
 */
import { DataError } from "./errors.ts";
import { takeTurn } from "./large_turn.ts";
import { megapixels } from "./rgb_image.ts";

/** One decoded clip. */
export interface Clip {
  /** T. */
  readonly frames: number;
  /** In pixels. */
  readonly height: number;
  /** In pixels. */
  readonly width: number;
  /** (T, height, width, 3), values 0..255; transparency is blended on white. */
  readonly data: Uint8Array;
}

/** Claims of a header beyond these count as damage, or an attack. */
const MAX_FRAMES = 10_000;
const MAX_BYTES = 1e9;

/** Pixels of all frames: a clip in memory takes four bytes for each. */
const MAX_PIXELS = MAX_BYTES / 4;

/** Upper bound on the pixels that a packed byte stands for, in GIF and PNG. */
const MAX_PIXELS_A_BYTE = 8192;

/**
 * Checks a clip's size before anything is allocated for it.
 *
 * @param format the word for the message, such as "GIF"
 * @param length of the file or files, in bytes
 * @param most pixels of all frames
 * @throws {DataError} when there is no frame or pixel, or too many
 */
export function checkClip(
  format: string,
  { frames, width, height }: Pick<Clip, "frames" | "width" | "height">,
  length: number,
  most: number = MAX_PIXELS,
): void {
  const pixels = width * height;
  const within = frames <= MAX_FRAMES && frames * pixels <= most;
  if (frames > 0 && pixels > 0 && within && pixels <= MAX_PIXELS_A_BYTE * length) {
    return takeTurn(frames * pixels);
  }
  throw new DataError(
    `Cannot decode ${format}: its header says ${frames} frames of ${width}x${height} pixels, where ` +
      `1 to ${MAX_FRAMES} frames of ${megapixels(most)} in all are accepted, no more than its ` +
      `${length} bytes can hold; it is damaged or must be made smaller`,
  );
}

/**
 * A canvas, (height, width, 4), as a frame of a clip.
 *
 * @param frame where to write it, (height, width, 3)
 */
export function onWhite(canvas: Uint8Array, frame: Uint8Array): void {
  for (let i = 0, o = 0; o < frame.length; i += 4) {
    const alpha = canvas[i + 3];
    for (let c = 0; c < 3; c++) {
      frame[o++] = Math.round((canvas[i + c] * alpha + 255 * (255 - alpha)) / 255);
    }
  }
}

/**
 * Room for a clip as it is stored.
 *
 * @returns (F, 3, R, R)
 * @throws {DataError} when that is too much
 */
export function storedClip(frames: number, size: number): Uint8Array<ArrayBuffer> {
  const bytes = 3 * frames * size * size;
  if (frames <= MAX_FRAMES && bytes <= MAX_BYTES) return new Uint8Array(bytes);
  throw new DataError(
    `Cannot hold a clip of ${frames} frames at ${size}x${size} pixels: at most ${MAX_FRAMES} frames ` +
      `and ${MAX_BYTES} bytes are accepted; cut it into shorter ones`,
  );
}

/** Part of a canvas. */
export interface Area {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Makes part of a canvas of `canvasWidth` pixels transparent. */
export function clearArea(canvas: Uint8Array, canvasWidth: number, area: Area): void {
  for (let row = area.y; row < area.y + area.height; row++) {
    const start = 4 * (row * canvasWidth + area.x);
    canvas.fill(0, start, start + 4 * area.width);
  }
}

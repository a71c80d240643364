/**
 * The result of readers of moving pictures.
 * @module
 */
import { type PictureConfig, pictureSize } from "../model/example.ts";
import { sidesOf } from "../model/image_size.ts";
import { DataError } from "./errors.ts";
import { takeTurn } from "./large_turn.ts";
import { onWhite } from "./pixels.ts";
import { megapixels } from "./rgb_image.ts";

/** One decoded clip. */
export interface Clip {
  /** T. */
  readonly frames: number;
  /** In pixels. */
  readonly height: number;
  /** In pixels. */
  readonly width: number;
  /**
   * (T, height, width, 3), values 0..255, transparency blended on white; or (T, height, width, 4)
   * with it.
   */
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

/** Makes a canvas a frame of a clip: all of it where the frame has room for opacity, or on white. */
export function putFrame(canvas: Uint8Array, frame: Uint8Array): void {
  if (frame.length === canvas.length) frame.set(canvas);
  else onWhite(canvas, frame);
}

/**
 * Room for a clip as it is stored.
 *
 * @returns (F, C, H, W)
 * @throws {DataError} when that is too much
 */
export function storedClip(frames: number, picture: PictureConfig): Uint8Array<ArrayBuffer> {
  const bytes = frames * pictureSize(picture);
  if (frames <= MAX_FRAMES && bytes <= MAX_BYTES) return new Uint8Array(bytes);
  const { width, height } = sidesOf(picture.imageSize);
  throw new DataError(
    `Cannot hold a clip of ${frames} frames at ${width}x${height} pixels: at most ${MAX_FRAMES} frames ` +
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

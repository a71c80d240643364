/**
 * From stored bytes to the floats of a batch, with optional random mirroring and cropping. Pure.
 * @module
 */
import { hash32 } from "./hash.ts";

/** Set these draws apart from those of the order, and from each other. */
const FLIP = 2;
const CROP = 3;
const WINDOW = 4;

/** From a byte to [-1, 1], rounded to float32 once. */
const TO_FLOAT = Float32Array.from({ length: 256 }, (_, byte) => byte / 127.5 - 1);

/** Random choices; they follow from the seed, the step and the place in the batch alone. */
export interface Augmentation {
  readonly seed: number;
  readonly step: number;
  /** Whether a picture is mirrored left to right with probability 1/2. */
  readonly flip: boolean;
  /** (B), the places of the pictures in the step's batch; 0 to B - 1 by default. */
  readonly places?: readonly number[];
}

/**
 * Writes the pixels of a batch as floats in [-1, 1]. Where the stored images are larger than the
 * batch's, a square is cut out of each: at random with an augmentation, else from the center. All
 * frames of a clip are cut and mirrored alike.
 *
 * @param images (B, 3, R, R), of clips (B, T, 3, R, R), values 0..255
 * @param storedSize R, in pixels
 * @param out (B, 3, S, S), of clips (B, 3, T, S, S), overwritten
 * @param size S, in pixels; R at most
 * @param augmentation random choices; none by default
 * @param frames T, of clips
 * @throws {RangeError} when the lengths and sizes disagree
 */
export function fillBatch(
  images: Uint8Array,
  storedSize: number,
  out: Float32Array,
  size: number,
  augmentation?: Augmentation,
  frames = 1,
): void {
  const count = images.length / (3 * frames * storedSize ** 2);
  if (!(size <= storedSize) || out.length !== count * 3 * frames * size ** 2) {
    throw new RangeError(
      `Cannot fill ${out.length} floats with pictures of ${size}x${size} cut from ` +
        `${images.length} bytes of ${storedSize}x${storedSize} ones`,
    );
  }
  const room = storedSize - size;
  for (let i = 0, o = 0; i < count; i++) {
    const place = augmentation?.places?.[i] ?? i;
    const [top, left] = augmentation
      ? cropCorner(augmentation, place, room)
      : [Math.floor(room / 2), Math.floor(room / 2)];
    const mirrored = augmentation?.flip && isFlipped(augmentation.seed, augmentation.step, place);
    // A mirrored row is read from its last pixel backwards.
    const [first, next] = mirrored ? [left + size - 1, -1] : [left, 1];
    for (let c = 0; c < 3; c++) {
      for (let t = 0; t < frames; t++) {
        for (let y = 0; y < size; y++) {
          let p = (((i * frames + t) * 3 + c) * storedSize + top + y) * storedSize + first;
          for (let x = 0; x < size; x++, p += next) out[o++] = TO_FLOAT[images[p]];
        }
      }
    }
  }
}

/**
 * The frame that the window of the i-th clip of a step begins with.
 *
 * @param room by how many frames the clip is longer than the window
 * @returns 0..room
 */
export function windowStart(
  { seed, step }: Pick<Augmentation, "seed" | "step">,
  i: number,
  room: number,
): number {
  return Math.floor(hash32(WINDOW, seed, step, i) / 2 ** 32 * (room + 1));
}

/** Whether {@linkcode fillBatch} mirrors the i-th picture of a step. */
export function isFlipped(seed: number, step: number, i: number): boolean {
  return hash32(FLIP, seed, step, i) >= 2 ** 31;
}

/**
 * The place where {@linkcode fillBatch} cuts the i-th picture of a step.
 *
 * @param room by how many pixels the stored picture is larger
 * @returns top and left, each in 0..room
 */
export function cropCorner(
  { seed, step }: Pick<Augmentation, "seed" | "step">,
  i: number,
  room: number,
): [top: number, left: number] {
  const draw = (axis: number) =>
    Math.floor(hash32(CROP, seed, step, i, axis) / 2 ** 32 * (room + 1));
  return [draw(0), draw(1)];
}

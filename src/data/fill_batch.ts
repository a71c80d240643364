/**
 * From stored bytes to the floats of a batch, with optional random mirroring and cropping. Pure.
 * @module
 */
import { type PictureConfig, pictureSize } from "../model/example.ts";
import { type ImageSize, sidesOf } from "../model/image_size.ts";
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
 * batch's, a part is cut out of each: at random with an augmentation, else from the center. All
 * frames of a clip are cut and mirrored alike.
 *
 * @param images (B, C, R, Q), of clips (B, T, C, R, Q), values 0..255
 * @param stored R and Q, in pixels
 * @param out (B, C, H, W), of clips (B, C, T, H, W), overwritten
 * @param picture C, H and W; no side larger than the stored one
 * @param augmentation random choices; none by default
 * @param frames T, of clips
 * @throws {RangeError} when the lengths and sizes disagree
 */
export function fillBatch(
  images: Uint8Array,
  stored: ImageSize,
  out: Float32Array,
  picture: PictureConfig,
  augmentation?: Augmentation,
  frames = 1,
): void {
  const { channels } = picture;
  const { width, height } = sidesOf(picture.imageSize);
  const whole = sidesOf(stored);
  const count = images.length / (frames * pictureSize({ imageSize: stored, channels }));
  const room = { down: whole.height - height, across: whole.width - width };
  const fits = room.down >= 0 && room.across >= 0;
  if (!fits || out.length !== count * frames * pictureSize(picture)) {
    throw new RangeError(
      `Cannot fill ${out.length} floats with pictures of ${width}x${height} cut from ` +
        `${images.length} bytes of ${whole.width}x${whole.height} ones`,
    );
  }
  for (let i = 0, o = 0; i < count; i++) {
    const place = augmentation?.places?.[i] ?? i;
    const [top, left] = augmentation
      ? cropCorner(augmentation, place, room)
      : [Math.floor(room.down / 2), Math.floor(room.across / 2)];
    const mirrored = augmentation?.flip && isFlipped(augmentation.seed, augmentation.step, place);
    // A mirrored row is read from its last pixel backwards.
    const [first, next] = mirrored ? [left + width - 1, -1] : [left, 1];
    for (let c = 0; c < channels; c++) {
      for (let t = 0; t < frames; t++) {
        for (let y = 0; y < height; y++) {
          const plane = (i * frames + t) * channels + c;
          let p = (plane * whole.height + top + y) * whole.width + first;
          for (let x = 0; x < width; x++, p += next) out[o++] = TO_FLOAT[images[p]];
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
 * @param room by how many pixels the stored picture is larger, down and across
 * @returns top and left, each from 0 to its room
 */
export function cropCorner(
  { seed, step }: Pick<Augmentation, "seed" | "step">,
  i: number,
  { down, across }: { readonly down: number; readonly across: number },
): [top: number, left: number] {
  const draw = (axis: number, room: number) =>
    Math.floor(hash32(CROP, seed, step, i, axis) / 2 ** 32 * (room + 1));
  return [draw(0, down), draw(1, across)];
}

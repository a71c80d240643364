/**
 * The layout of pictures in an array of numbers.
 * @module
 */
import { pictureSize } from "../model/example.ts";
import type { NpyHeader } from "../formats/npy.ts";
import { shapeText, typeText } from "../formats/npy.ts";
import { DataError } from "./errors.ts";
import { greyPixels } from "./idx.ts";
import { resizeCrop, type StoredPicture } from "./resize.ts";
import { MAX_PIXELS } from "./rgb_image.ts";

/** Pictures, or clips, of uint8 numbers, in order. */
export interface Layout {
  /** How many. */
  readonly count: number;
  /** Frames of a clip; 1 of pictures. */
  readonly frames: number;
  readonly height: number;
  readonly width: number;
  /** 1 is gray, 3 are RGB, 4 are RGB and opacity. */
  readonly channels: 1 | 3 | 4;
  /** Whether each channel is a plane of its own, (C, H, W), in place of (H, W, C). */
  readonly planar: boolean;
}

/** Bytes of one picture, or clip. */
export function bytesOf({ frames, height, width, channels }: Layout): number {
  return frames * height * width * channels;
}

/** Whether an array's number of axes is that of pictures or clips. */
export function isPictures({ shape }: Pick<NpyHeader, "shape">): boolean {
  return shape.length >= 3 && shape.length <= 5;
}

/**
 * The layout of pictures in an array, or the reason why it has none.
 *
 * @param clips whether clips are wanted
 * @throws {DataError} with a message that follows the array's name
 */
export function layoutOf({ type, shape, fortran }: NpyHeader, clips: boolean): Layout {
  const no = (reason: string) => new DataError(`of shape ${shapeText(shape)} ${reason}`);
  if (typeText(type) === "Python objects") {
    throw no("holds Python objects, which rin can't read; save it as one array of uint8");
  }
  if (typeText(type) !== "uint8") {
    throw no(`holds ${typeText(type)}, where pictures are uint8, 0 to 255; save it as uint8`);
  }
  if (fortran) throw no("is in Fortran order; save what np.ascontiguousarray makes of it");
  if (clips !== (shape.length === 5)) {
    throw no(
      clips
        ? "is none of clips, (N, T, H, W, C); train on its pictures without --frames"
        : "holds clips; train on them with --frames",
    );
  }
  if (shape.some((size) => size === 0)) throw no("is empty; give one that holds pictures");
  const [count, ...rest] = shape;
  const frames = clips ? rest.shift()! : 1;
  const found = readingsOf(rest);
  if (found.length !== 1) {
    throw no(
      found.length === 0
        ? "has no axis of 1, 3 or 4 channels, last or after the first; give (N, H, W), " +
          "(N, H, W, C) or (N, C, H, W)"
        : "can be read with channels first or last; save it with channels last and a height and " +
          "width that are equal",
    );
  }
  const [{ height, width }] = found;
  if (height * width > MAX_PIXELS) {
    throw no(`has larger pictures than the ${MAX_PIXELS / 1e6} megapixels that are accepted`);
  }
  return { count, frames, ...found[0] };
}

/** The ways to read the axes of a picture; where several remain, those that make it a square. */
function readingsOf(axes: readonly number[]): Omit<Layout, "count" | "frames">[] {
  const [a, b, c] = axes;
  if (c === undefined) return [{ height: a, width: b, channels: 1, planar: false }];
  const readings = [
    { height: a, width: b, channels: c, planar: false },
    { height: b, width: c, channels: a, planar: true },
  ].filter((reading): reading is Omit<Layout, "count" | "frames"> =>
    [1, 3, 4].includes(reading.channels)
  );
  return readings.length < 2 ? readings : readings.filter(({ height, width }) => height === width);
}

/**
 * A picture, or clip, of an array at a data set's size. Gray ones are padded where they fit, as those
 * of IDX files; colors are resized as pictures are, and opacity is kept or blended on white.
 *
 * @param bytes {@linkcode bytesOf} of them
 * @returns (C, H, W), of a clip (F, C, H, W), values 0..255
 */
export function arrayPixels(
  layout: Layout,
  bytes: Uint8Array,
  picture: StoredPicture,
): Uint8Array<ArrayBuffer> {
  const { frames, height, width, channels } = layout;
  const each = bytes.length / frames;
  const stored = pictureSize(picture);
  const out = new Uint8Array(frames * stored);
  for (let i = 0; i < frames; i++) {
    const frame = bytes.subarray(i * each, (i + 1) * each);
    const place = out.subarray(i * stored, (i + 1) * stored);
    if (channels === 1) {
      place.set(greyPixels(frame, height, width, picture));
      continue;
    }
    const data = interleaved(layout, frame, picture.channels === 4 ? channels : 3);
    resizeCrop({ width, height, data }, picture, place);
  }
  return out;
}

/** (H, W, kept): with opacity, or on white. */
function interleaved(
  { height, width, channels, planar }: Layout,
  frame: Uint8Array,
  kept: number,
): Uint8Array {
  if (channels === kept && !planar) return frame;
  const plane = height * width;
  const [step, next] = planar ? [1, plane] : [channels, 1];
  const out = new Uint8Array(kept * plane);
  for (let i = 0, o = 0; i < plane; i++) {
    const alpha = channels > kept ? frame[i * step + 3 * next] : 255;
    for (let c = 0; c < kept; c++, o++) {
      const value = frame[i * step + c * next];
      out[o] = Math.floor((value * alpha + 255 * (255 - alpha)) / 255 + 0.5);
    }
  }
  return out;
}

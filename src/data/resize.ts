/**
 * Resizing and cropping that give the same bytes as PIL and torchvision, so that figures measured
 * on these pixels compare with figures measured in Python.
 * @module
 */
import { type PictureConfig, pictureSize } from "../model/example.ts";
import { sidesOf } from "../model/image_size.ts";
import type { RgbImage } from "./rgb_image.ts";
import { luminance, multiplied, unmultiplied, whiteWhereClear } from "./pixels.ts";

/** The filters that pictures can be resized with. */
export const RESIZES = ["bilinear", "bicubic"] as const;

/** One of them: PIL's BILINEAR or BICUBIC, antialiased, as TensorFlow's with `antialias=True`. */
export type Resize = typeof RESIZES[number];

/** A filter's weight at a distance, and the distance that it reaches. */
interface Filter {
  readonly reach: number;
  readonly weight: (distance: number) => number;
}

const FILTERS: Readonly<Record<Resize, Filter>> = {
  bilinear: { reach: 1, weight: (x) => Math.max(1 - x, 0) },
  // Keys's cubic with a = -1/2.
  bicubic: {
    reach: 2,
    weight: (x) =>
      x < 1 ? (1.5 * x - 2.5) * x * x + 1 : x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0,
  },
};

/** What a picture is stored as. */
export interface StoredPicture extends PictureConfig {
  /** Bilinear by default. */
  readonly resize?: Resize;
}

/** PIL's fixed point: weights times 2^22, so that a weighted sum of bytes still fits in 31 bits. */
const PRECISION = 22;
const HALF = 1 << (PRECISION - 1);

/**
 * Resizes an image so that it just covers `picture` with an antialiased filter (PIL's BILINEAR
 * by default), then crops the center, as torchvision's Resize(S) and CenterCrop(S) do for squares. An
 * image that already has the size is copied exactly. Gray is PIL's luminance. Opacity is 255 where
 * the image has none, and pixels that don't show at all become white.
 *
 * @param image gray, RGB, or, for a picture with opacity, RGBA
 * @param out where to write; a new array by default
 * @returns (C, H, W), planar, values 0..255
 * @throws {RangeError} when a side isn't a positive integer or `out` isn't C*H*W long
 */
export function resizeCrop(
  image: RgbImage,
  picture: StoredPicture,
  out: Uint8Array = new Uint8Array(pictureSize(picture)),
): Uint8Array {
  const { channels, resize = "bilinear" } = picture;
  const filter = FILTERS[resize];
  const to = sidesOf(picture.imageSize);
  if ([to.width, to.height].some((side) => !Number.isInteger(side) || side < 1)) {
    throw new RangeError(`Cannot resize to ${picture.imageSize}: sides must be positive integers`);
  }
  const plane = to.width * to.height;
  if (out.length !== channels * plane) {
    throw new RangeError(
      `Cannot write a ${to.width}x${to.height} image of ${channels} channels into ${out.length} ` +
        `bytes: it takes ${channels * plane}`,
    );
  }
  const { width, height, data } = image;
  const stored = data.length / (width * height);
  const narrow = to.width * height >= to.height * width;
  const newWidth = narrow ? to.width : Math.trunc(to.height * width / height);
  const newHeight = narrow ? Math.trunc(to.width * height / width) : to.height;
  // Cut-off pixels are never computed: a picture of 1 x 40,000 would be enlarged to gigabytes.
  const left = roundHalfEven((newWidth - to.width) / 2);
  const top = roundHalfEven((newHeight - to.height) / 2);
  const [first, end] = seenBy(filter, height, newHeight, top, to.height);
  const rows = data.subarray(first * width * stored, end * width * stored);
  // Invisible colors must not blend into visible ones.
  const weighted = stored === 4 && (newWidth !== width || newHeight !== height);
  const [source, own] = channels === 1 && stored === 3
    ? [luminance(rows), 1]
    : [weighted ? multiplied(rows) : rows, stored];
  const across = weightsOf(filter, width, newWidth, left, to.width);
  const down = weightsOf(filter, height, newHeight, top, to.height);
  const wide = resizeRows(source, width, own, across);
  const filtered = resizeColumns(wide, to.width * own, first, down);
  const straight = weighted ? unmultiplied(filtered) : filtered;
  const resized = own === 4 ? whiteWhereClear(straight) : straight;
  for (let c = 0; c < channels; c++) {
    const channel = out.subarray(c * plane, (c + 1) * plane);
    if (c === 3 && own < 4) channel.fill(255);
    else for (let o = 0, i = own === 1 ? 0 : c; o < plane; o++, i += own) channel[o] = resized[i];
  }
  return out;
}

/** The inputs and weights of some output positions. */
interface Weights {
  /** (positions), the first input that is seen, and how many are. */
  readonly starts: Int32Array;
  readonly counts: Int32Array;
  /** (positions, stride), in fixed point. */
  readonly weights: Int32Array;
  readonly stride: number;
}

/** torchvision rounds the crop's corner with Python's round(). */
function roundHalfEven(x: number): number {
  const floor = Math.floor(x);
  if (x - floor !== 0.5) return Math.round(x);
  return floor % 2 === 0 ? floor : floor + 1;
}

/** (height, from, channels) to (height, positions, channels). */
function resizeRows(
  data: Uint8Array,
  from: number,
  channels: number,
  { starts, counts, weights, stride }: Weights,
): Uint8Array {
  const height = data.length / (channels * from);
  const to = starts.length;
  const out = new Uint8Array(height * to * channels);
  for (let y = 0, o = 0; y < height; y++) {
    for (let x = 0; x < to; x++) {
      const first = (y * from + starts[x]) * channels;
      for (let c = 0; c < channels; c++) {
        let sum = HALF;
        for (let k = 0, i = first + c; k < counts[x]; k++, i += channels) {
          sum += data[i] * weights[x * stride + k];
        }
        out[o++] = toByte(sum);
      }
    }
  }
  return out;
}

/** (rows, row) to (positions, row); `first` is the number of the first of the rows. */
function resizeColumns(
  data: Uint8Array,
  row: number,
  first: number,
  { starts, counts, weights, stride }: Weights,
): Uint8Array {
  const to = starts.length;
  const out = new Uint8Array(to * row);
  for (let y = 0, o = 0; y < to; y++) {
    for (let x = 0; x < row; x++) {
      let i = (starts[y] - first) * row + x;
      let sum = HALF;
      for (let k = y * stride, end = k + counts[y]; k < end; k++, i += row) {
        sum += data[i] * weights[k];
      }
      out[o++] = toByte(sum);
    }
  }
  return out;
}

/** Rounded weights can add up to a little over 1, and some of the cubic's are negative. */
function toByte(sum: number): number {
  return Math.max(0, Math.min(sum >> PRECISION, 255));
}

/** The inputs that an output position sees: the first, and the one after the last. */
function seen(
  { reach }: Filter,
  from: number,
  to: number,
  position: number,
): [start: number, end: number] {
  // Enlarging interpolates between neighbors; shrinking widens the filter to see every pixel.
  const support = reach * Math.max(from / to, 1);
  const centre = (position + 0.5) * (from / to);
  if (from === to) return [position, position + 1];
  return [
    Math.max(Math.trunc(centre - support + 0.5), 0),
    Math.min(Math.trunc(centre + support + 0.5), from),
  ];
}

/** The inputs that `count` output positions from `first` on see together. */
function seenBy(
  filter: Filter,
  from: number,
  to: number,
  first: number,
  count: number,
): [number, number] {
  return [seen(filter, from, to, first)[0], seen(filter, from, to, first + count - 1)[1]];
}

/** Inputs and weights for `count` output positions from `first` on, of `to`, over `from` inputs. */
function weightsOf(
  filter: Filter,
  from: number,
  to: number,
  first: number,
  count: number,
): Weights {
  const scale = from / to;
  const widened = Math.max(scale, 1);
  const stride = Math.ceil(filter.reach * widened) * 2 + 1;
  const starts = new Int32Array(count);
  const counts = new Int32Array(count);
  const weights = new Int32Array(count * stride);
  for (let x = 0; x < count; x++) {
    const centre = (first + x + 0.5) * scale;
    const [start, end] = seen(filter, from, to, first + x);
    const raw = Array.from(
      { length: end - start },
      (_, k) => filter.weight(Math.abs((k + start - centre + 0.5) / widened)),
    );
    const total = raw.reduce((sum, w) => sum + w, 0);
    starts[x] = start;
    counts[x] = raw.length;
    raw.forEach((w, k) => weights[x * stride + k] = fixed(w / total));
  }
  return { starts, counts, weights, stride };
}

/** Rounded away from zero, as PIL does. */
function fixed(weight: number): number {
  return Math.trunc(weight * 2 ** PRECISION + Math.sign(weight) / 2);
}

/**
 * Resizing and cropping that give the same bytes as PIL and torchvision, so that figures measured
 * on these pixels compare with figures measured in Python.
 * @module
 */
import type { RgbImage } from "./rgb_image.ts";

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

/** PIL's fixed point: weights times 2^22, so that a weighted sum of bytes still fits in 31 bits. */
const PRECISION = 22;
const HALF = 1 << (PRECISION - 1);

/**
 * Resizes the shorter side to `size` with an antialiased filter (PIL's BILINEAR by default), then
 * crops the center, as torchvision's Resize(size) and CenterCrop(size) do. An image that is already
 * size x size is copied exactly.
 *
 * @param size S, in pixels
 * @param out where to write; a new array by default
 * @returns (3, S, S), planar, values 0..255
 * @throws {RangeError} when `size` isn't a positive integer or `out` isn't 3*S*S long
 */
export function resizeCrop(
  image: RgbImage,
  size: number,
  out: Uint8Array = new Uint8Array(3 * size * size),
  resize: Resize = "bilinear",
): Uint8Array {
  if (!Number.isInteger(size) || size < 1) {
    throw new RangeError(`Cannot resize to ${size}: the size must be a positive integer`);
  }
  if (out.length !== 3 * size * size) {
    throw new RangeError(
      `Cannot write a ${size}x${size} image into ${out.length} bytes: it takes ${3 * size * size}`,
    );
  }
  const { width, height, data } = image;
  const short = Math.min(width, height);
  const newWidth = width <= height ? size : Math.trunc(size * width / short);
  const newHeight = width <= height ? Math.trunc(size * height / short) : size;
  // Cut-off pixels are never computed: a picture of 1 x 40,000 would be enlarged to gigabytes.
  const left = roundHalfEven((newWidth - size) / 2);
  const top = roundHalfEven((newHeight - size) / 2);
  const filter = FILTERS[resize];
  const [first, end] = seenBy(filter, height, newHeight, top, size);
  const rows = data.subarray(first * width * 3, end * width * 3);
  const wide = resizeRows(rows, width, weightsOf(filter, width, newWidth, left, size));
  const tall = weightsOf(filter, height, newHeight, top, size);
  const resized = resizeColumns(wide, size, first, tall);
  const plane = size * size;
  for (let o = 0, i = 0; o < plane; o++) {
    out[o] = resized[i++];
    out[o + plane] = resized[i++];
    out[o + 2 * plane] = resized[i++];
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

/** (height, from, 3) to (height, positions, 3). */
function resizeRows(
  data: Uint8Array,
  from: number,
  { starts, counts, weights, stride }: Weights,
): Uint8Array {
  const height = data.length / (3 * from);
  const to = starts.length;
  const out = new Uint8Array(height * to * 3);
  for (let y = 0, o = 0; y < height; y++) {
    for (let x = 0; x < to; x++) {
      let i = (y * from + starts[x]) * 3;
      let r = HALF, g = HALF, b = HALF;
      for (let k = x * stride, end = k + counts[x]; k < end; k++) {
        r += data[i++] * weights[k];
        g += data[i++] * weights[k];
        b += data[i++] * weights[k];
      }
      out[o++] = toByte(r);
      out[o++] = toByte(g);
      out[o++] = toByte(b);
    }
  }
  return out;
}

/** (rows, width, 3) to (positions, width, 3); `first` is the number of the first of the rows. */
function resizeColumns(
  data: Uint8Array,
  width: number,
  first: number,
  { starts, counts, weights, stride }: Weights,
): Uint8Array {
  const to = starts.length;
  const row = width * 3;
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

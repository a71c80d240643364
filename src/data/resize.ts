/**
 * Resizing and cropping that give the same bytes as PIL and torchvision, so that figures measured
 * on these pixels compare with figures measured in Python.
 * @module
 */
import type { RgbImage } from "./rgb_image.ts";

/** PIL's fixed point: weights times 2^22, so that a weighted sum of bytes still fits in 31 bits. */
const PRECISION = 22;
const HALF = 1 << (PRECISION - 1);

/**
 * Resizes the shorter side to `size` with an antialiased triangle filter (PIL's BILINEAR), then
 * crops the centre, as torchvision's Resize(size) and CenterCrop(size) do. An image that is already
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
): Uint8Array {
  if (!Number.isInteger(size) || size < 1) {
    throw new RangeError(`Cannot resize to ${size}: the size must be a positive integer`);
  }
  if (out.length !== 3 * size * size) {
    throw new RangeError(
      `Cannot write a ${size}x${size} image into ${out.length} bytes: it takes ${3 * size * size}`,
    );
  }
  const { width, height } = image;
  const short = Math.min(width, height);
  const newWidth = width <= height ? size : Math.trunc(size * width / short);
  const newHeight = width <= height ? Math.trunc(size * height / short) : size;
  const wide = resizeRows(image.data, height, width, newWidth);
  const resized = resizeColumns(wide, newWidth, height, newHeight);

  const left = roundHalfEven((newWidth - size) / 2);
  const top = roundHalfEven((newHeight - size) / 2);
  const plane = size * size;
  for (let y = 0, o = 0; y < size; y++) {
    let i = ((y + top) * newWidth + left) * 3;
    for (let x = 0; x < size; x++, o++) {
      out[o] = resized[i++];
      out[o + plane] = resized[i++];
      out[o + 2 * plane] = resized[i++];
    }
  }
  return out;
}

/** torchvision rounds the crop's corner with Python's round(). */
function roundHalfEven(x: number): number {
  const floor = Math.floor(x);
  if (x - floor !== 0.5) return Math.round(x);
  return floor % 2 === 0 ? floor : floor + 1;
}

/** (height, from, 3) to (height, to, 3). */
function resizeRows(data: Uint8Array, height: number, from: number, to: number): Uint8Array {
  if (from === to) return data;
  const { starts, counts, weights, stride } = triangleWeights(from, to);
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

/** (from, width, 3) to (to, width, 3). */
function resizeColumns(data: Uint8Array, width: number, from: number, to: number): Uint8Array {
  if (from === to) return data;
  const { starts, counts, weights, stride } = triangleWeights(from, to);
  const row = width * 3;
  const out = new Uint8Array(to * row);
  for (let y = 0, o = 0; y < to; y++) {
    for (let x = 0; x < row; x++) {
      let i = starts[y] * row + x;
      let sum = HALF;
      for (let k = y * stride, end = k + counts[y]; k < end; k++, i += row) {
        sum += data[i] * weights[k];
      }
      out[o++] = toByte(sum);
    }
  }
  return out;
}

/** Rounded weights may add up to a little over 1. */
function toByte(sum: number): number {
  return Math.min(sum >> PRECISION, 255);
}

/** For each output position: the first input it sees, how many, and their fixed-point weights. */
function triangleWeights(from: number, to: number) {
  const scale = from / to;
  // Enlarging interpolates between neighbours; shrinking widens the triangle to see every pixel.
  const support = Math.max(scale, 1);
  const stride = Math.ceil(support) * 2 + 1;
  const starts = new Int32Array(to);
  const counts = new Int32Array(to);
  const weights = new Int32Array(to * stride);
  for (let x = 0; x < to; x++) {
    const centre = (x + 0.5) * scale;
    const start = Math.max(Math.trunc(centre - support + 0.5), 0);
    const end = Math.min(Math.trunc(centre + support + 0.5), from);
    const raw = Array.from(
      { length: end - start },
      (_, k) => Math.max(1 - Math.abs((k + start - centre + 0.5) / support), 0),
    );
    const total = raw.reduce((sum, w) => sum + w, 0);
    starts[x] = start;
    counts[x] = raw.length;
    raw.forEach((w, k) => weights[x * stride + k] = Math.trunc(w / total * 2 ** PRECISION + 0.5));
  }
  return { starts, counts, weights, stride };
}

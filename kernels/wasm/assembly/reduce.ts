/** Sums in a fixed order. */
import { addRow, copyRow } from "./rows.ts";
import { at, sum4 } from "./simd.ts";
import { CHUNK } from "./sizes.ts";
import { Entry } from "./tape.ts";

@unmanaged
export class SumMiddle extends Entry {
  x: u32;
  y: u32;
  perTile: i32;
  size: i32;
  middle: i32;
  inner: i32;
  stride: i32;
  start: i32;
  accumulate: i32;
}

/** y (outer, inner) = the sum of x over its middle axis, row after row. */
export function sumMiddle(e: SumMiddle, tile: i32): void {
  let i = tile * e.perTile;
  const end = min(i + e.perTile, e.size);
  while (i < end) {
    const outer = i / e.inner;
    const stop = min(end, (outer + 1) * e.inner);
    const y = at(e.y, i);
    const count = stop - i;
    let x = at(e.x, outer * e.middle * e.stride + e.start + i - outer * e.inner);
    for (let k = 0; k < e.middle; k++) {
      if (k == 0 && !e.accumulate) copyRow(y, x, count);
      else addRow(y, x, count);
      x = at(x, e.stride);
    }
    i = stop;
  }
}

/** Elements that are summed in f32 before their sum counts in f64. */
const BLOCK: i32 = 1024;

@unmanaged
export class PartialMoments extends Entry {
  x: u32;
  /** (tiles, 2) of f64. */
  partial: u32;
  size: i32;
}

/** A tile's sum and sum of squares, as f64. */
export function partialMoments(e: PartialMoments, tile: i32): void {
  let i = tile * CHUNK;
  const end = min(i + CHUNK, e.size);
  let sum: f64 = 0;
  let squares: f64 = 0;
  while (i < end) {
    const stop = min(i + BLOCK, end);
    let s0 = f32x4.splat(0);
    let s1 = s0;
    let q0 = s0;
    let q1 = s0;
    for (; i + 8 <= stop; i += 8) {
      const v0 = v128.load(at(e.x, i));
      const v1 = v128.load(at(e.x, i), 16);
      s0 = f32x4.add(s0, v0);
      s1 = f32x4.add(s1, v1);
      q0 = f32x4.add(q0, f32x4.mul(v0, v0));
      q1 = f32x4.add(q1, f32x4.mul(v1, v1));
    }
    sum += <f64> sum4(f32x4.add(s0, s1));
    squares += <f64> sum4(f32x4.add(q0, q1));
    for (; i < stop; i++) {
      const v = load<f32>(at(e.x, i));
      sum += <f64> v;
      squares += <f64> (v * v);
    }
  }
  const place = <usize> e.partial + (<usize> tile << 4);
  store<f64>(place, sum);
  store<f64>(place, squares, 8);
}

/** The sum over a column of partial moments, in order. */
export function totalOf(partial: usize, tiles: i32, column: i32): f64 {
  let sum: f64 = 0;
  for (let tile = 0; tile < tiles; tile++) {
    sum += load<f64>(partial + (<usize> (2 * tile + column) << 3));
  }
  return sum;
}

@unmanaged
export class Moments extends Entry {
  partial: u32;
  y: u32;
  partials: i32;
  size: i32;
  at: i32;
}

/** y[at], y[at + 1], y[at + 2] = mean, standard deviation, norm. */
export function moments(e: Moments): void {
  const squares = totalOf(e.partial, e.partials, 1);
  const mean = totalOf(e.partial, e.partials, 0) / <f64> e.size;
  const y = at(e.y, e.at);
  store<f32>(y, <f32> mean);
  store<f32>(y, <f32> sqrt<f64>(max<f64>(0, squares / <f64> e.size - mean * mean)), 4);
  store<f32>(y, <f32> sqrt<f64>(squares), 8);
}

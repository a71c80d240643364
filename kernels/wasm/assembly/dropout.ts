/** Dropout and stochastic depth: what is dropped is a function of the example's keys and an index. */
import { uniforms } from "./random.ts";
import { addScaledRow, scaleRow } from "./rows.ts";
import { at } from "./simd.ts";
import { CHUNK } from "./sizes.ts";
import { Entry } from "./tape.ts";

/** Four factors: 1 / (1 - rate) where a number of the stream is at least `rate`, else 0. */
function factors(keys: usize, index: v128, rate: f32, inverse: f32): v128 {
  const kept = f32x4.ge(uniforms(keys, index), f32x4.splat(rate));
  return v128.and(kept, f32x4.splat(inverse));
}

@unmanaged
export class Dropout extends Entry {
  x: u32;
  keys: u32;
  y: u32;
  size: i32;
  each: i32;
  first: i32;
  rate: f32;
  inverse: f32;
}

/** y = x, each element dropped or divided by the share that is kept. */
export function dropout(e: Dropout, tile: i32): void {
  let i = tile * CHUNK;
  const end = min(i + CHUNK, e.size);
  while (i < end) {
    const b = i / e.each;
    const stop = min(end, (b + 1) * e.each);
    const keys = at(e.keys, 2 * b);
    let index = i32x4.add(i32x4.splat(e.first + i - b * e.each), i32x4(0, 1, 2, 3));
    for (; i + 4 <= stop; i += 4) {
      const factor = factors(keys, index, e.rate, e.inverse);
      v128.store(at(e.y, i), f32x4.mul(v128.load(at(e.x, i)), factor));
      index = i32x4.add(index, i32x4.splat(4));
    }
    for (; i < stop; i++) {
      const factor = f32x4.extract_lane(factors(keys, index, e.rate, e.inverse), 0);
      store<f32>(at(e.y, i), load<f32>(at(e.x, i)) * factor);
      index = i32x4.add(index, i32x4.splat(1));
    }
  }
}

@unmanaged
export class StochasticDepth extends Entry {
  branch: u32;
  keys: u32;
  y: u32;
  residual: u32;
  size: i32;
  each: i32;
  index: i32;
  rate: f32;
  inverse: f32;
}

/** y = residual + branch, which an example goes without or has divided by the share that is kept. */
export function stochasticDepth(e: StochasticDepth, tile: i32): void {
  let i = tile * CHUNK;
  const end = min(i + CHUNK, e.size);
  while (i < end) {
    const b = i / e.each;
    const stop = min(end, (b + 1) * e.each);
    const four = factors(at(e.keys, 2 * b), i32x4.splat(e.index), e.rate, e.inverse);
    const factor = f32x4.extract_lane(four, 0);
    const y = at(e.y, i);
    const branch = at(e.branch, i);
    if (e.residual) addScaledRow(y, at(e.residual, i), factor, branch, stop - i);
    else scaleRow(y, branch, factor, stop - i);
    i = stop;
  }
}

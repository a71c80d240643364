/** Noising, the loss, and what a sampler does to images. */
import { at, sum4 } from "./simd.ts";
import { CHUNK, PARTIALS, THRESHOLDS_SCRATCH } from "./sizes.ts";
import { Entry } from "./tape.ts";

@unmanaged
export class AddNoise extends Entry {
  x0: u32;
  noise: u32;
  coefficients: u32;
  xt: u32;
  target: u32;
  size: i32;
  each: i32;
}

/** xt = c0 x0 + c1 noise; target = c2 x0 + c3 noise. */
export function addNoise(e: AddNoise, tile: i32): void {
  let i = tile * CHUNK;
  const end = min(i + CHUNK, e.size);
  while (i < end) {
    const b = i / e.each;
    const stop = min(end, (b + 1) * e.each);
    const c = at(e.coefficients, 4 * b);
    blend(at(e.xt, i), load<f32>(c), at(e.x0, i), load<f32>(c, 4), at(e.noise, i), stop - i);
    blend(
      at(e.target, i),
      load<f32>(c, 8),
      at(e.x0, i),
      load<f32>(c, 12),
      at(e.noise, i),
      stop - i,
    );
    i = stop;
  }
}

/** y = f a + g b. */
function blend(y: usize, f: f32, a: usize, g: f32, b: usize, count: i32): void {
  const fs = f32x4.splat(f);
  const gs = f32x4.splat(g);
  let i = 0;
  for (; i + 4 <= count; i += 4) {
    const first = f32x4.mul(fs, v128.load(at(a, i)));
    v128.store(at(y, i), f32x4.add(first, f32x4.mul(gs, v128.load(at(b, i)))));
  }
  for (; i < count; i++) store<f32>(at(y, i), f * load<f32>(at(a, i)) + g * load<f32>(at(b, i)));
}

@unmanaged
export class OffsetNoise extends Entry {
  offsets: u32;
  y: u32;
  size: i32;
  plane: i32;
}

/** y += a number for each channel. */
export function offsetNoise(e: OffsetNoise, tile: i32): void {
  const start = tile * CHUNK;
  const end = min(start + CHUNK, e.size);
  for (let i = start; i < end; i++) {
    store<f32>(at(e.y, i), load<f32>(at(e.y, i)) + load<f32>(at(e.offsets, i / e.plane)));
  }
}

/** Elements whose squares are summed in f32 before their sum counts in f64. */
const BLOCK: i32 = 1024;

@unmanaged
export class SquaredError extends Entry {
  prediction: u32;
  target: u32;
  lossWeight: u32;
  gradient: u32;
  partial: u32;
  perTile: i32;
  size: i32;
  each: i32;
  /** 2 / (whole each). */
  scale: f32;
}

/** The gradient of the weighted squared error, and each tile's weighted squares: 0 in rows beyond. */
export function squaredError(e: SquaredError, tile: i32): void {
  let i = tile * e.perTile;
  const end = min(i + e.perTile, e.size);
  let sum: f64 = 0;
  while (i < end) {
    const b = i / e.each;
    const stop = min(min(end, i + BLOCK), (b + 1) * e.each);
    const weight = load<f32>(at(e.lossWeight, b));
    const factor = e.scale * weight;
    const factors = f32x4.splat(factor);
    let squares = f32x4.splat(0);
    for (; i + 4 <= stop; i += 4) {
      const v = f32x4.sub(v128.load(at(e.prediction, i)), v128.load(at(e.target, i)));
      v128.store(at(e.gradient, i), f32x4.mul(factors, v));
      squares = f32x4.add(squares, f32x4.mul(v, v));
    }
    let rest = sum4(squares);
    for (; i < stop; i++) {
      const v = load<f32>(at(e.prediction, i)) - load<f32>(at(e.target, i));
      store<f32>(at(e.gradient, i), factor * v);
      rest += v * v;
    }
    sum += <f64> weight * <f64> rest;
  }
  store<f32>(at(e.partial, 2 * tile), 0);
  store<f32>(at(e.partial, 2 * tile + 1), <f32> sum);
  if (end == e.size) {
    const filled = at(e.partial, 2 * (tile + 1));
    memory.fill(filled, 0, at(e.partial, 2 * PARTIALS) - filled);
  }
}

@unmanaged
export class Guide extends Entry {
  guided: u32;
  free: u32;
  scale: u32;
  y: u32;
  size: i32;
}

/** y = free + scale (guided - free). */
export function guide(e: Guide, tile: i32): void {
  const start = tile * CHUNK;
  const end = min(start + CHUNK, e.size);
  const scale = load<f32>(e.scale);
  for (let i = start; i < end; i++) {
    const free = load<f32>(at(e.free, i));
    store<f32>(at(e.y, i), free + scale * (load<f32>(at(e.guided, i)) - free));
  }
}

/** The scalars of a sampler's step, see SAMPLER_SCALARS. */
@unmanaged
class SamplerScalars {
  x0FromX: f32;
  x0FromPrediction: f32;
  x0Limit: f32;
  thresholdRank: f32;
  nextFromX: f32;
  nextFromX0: f32;
  nextFromPrevious: f32;
  sigma: f32;
}

@unmanaged
export class SamplerStep extends Entry {
  x: u32;
  prediction: u32;
  fresh: u32;
  denoised: u32;
  thresholds: u32;
  scalars: u32;
  size: i32;
  each: i32;
}

/** A step of a sampler, in place. */
export function samplerStep(e: SamplerStep, tile: i32): void {
  const s = changetype<SamplerScalars>(<usize> e.scalars);
  const start = tile * CHUNK;
  const end = min(start + CHUNK, e.size);
  for (let i = start; i < end; i++) {
    const threshold = load<f32>(at(e.thresholds, i / e.each));
    const limit = s.x0Limit * threshold;
    const x = load<f32>(at(e.x, i));
    const raw = s.x0FromX * x + s.x0FromPrediction * load<f32>(at(e.prediction, i));
    const x0 = min<f32>(max<f32>(raw, -limit), limit) / threshold;
    const known = s.nextFromX * x + s.nextFromX0 * x0;
    const before = s.nextFromPrevious * load<f32>(at(e.denoised, i));
    store<f32>(at(e.x, i), known + before + s.sigma * load<f32>(at(e.fresh, i)));
    store<f32>(at(e.denoised, i), x0);
  }
}

@unmanaged
export class Thresholds extends Entry {
  x: u32;
  prediction: u32;
  scalars: u32;
  thresholds: u32;
  each: i32;
}

/**
 * The thresholdRank-th smallest absolute value of an image's x0, at least 1. Floats that are not
 * negative order as integers do: three passes settle 11 bits each, of 31, and `scratch` counts how
 * often each value of the 11 occurs.
 */
export function thresholds(e: Thresholds, image: i32, scratch: usize): void {
  const s = changetype<SamplerScalars>(<usize> e.scalars);
  const start = image * e.each;
  const end = start + e.each;
  let wanted = <i32> s.thresholdRank;
  let found: u32 = 0;
  let settled: u32 = 0;
  for (let shift: u32 = 20;; shift -= 10) {
    memory.fill(scratch, 0, THRESHOLDS_SCRATCH);
    for (let i = start; i < end; i++) {
      const x0 = s.x0FromX * load<f32>(at(e.x, i)) +
        s.x0FromPrediction * load<f32>(at(e.prediction, i));
      const bits = reinterpret<u32>(x0) & 0x7fffffff;
      if ((bits ^ found) & settled) continue;
      const count = at(scratch, (bits >> shift) & 2047);
      store<i32>(count, load<i32>(count) + 1);
    }
    let digit: u32 = 0;
    for (; digit < 2047; digit++) {
      const count = load<i32>(at(scratch, digit));
      if (count >= wanted) break;
      wanted -= count;
    }
    found |= digit << shift;
    settled = <u32> -1 << shift;
    if (shift == 0) break;
  }
  store<f32>(at(e.thresholds, image), max<f32>(1, reinterpret<f32>(found)));
}

@unmanaged
export class Slerp extends Entry {
  other: u32;
  turn: u32;
  y: u32;
  size: i32;
  each: i32;
}

/** y = turn0 y + turn1 other. */
export function slerp(e: Slerp, tile: i32): void {
  let i = tile * CHUNK;
  const end = min(i + CHUNK, e.size);
  while (i < end) {
    const b = i / e.each;
    const stop = min(end, (b + 1) * e.each);
    const turn = at(e.turn, 2 * b);
    blend(at(e.y, i), load<f32>(turn), at(e.y, i), load<f32>(turn, 4), at(e.other, i), stop - i);
    i = stop;
  }
}

@unmanaged
export class PlaceImage extends Entry {
  image: u32;
  noise: u32;
  keepMask: u32;
  level: u32;
  x: u32;
  size: i32;
  each: i32;
  plane: i32;
}

/** x = level0 image + level1 noise where keepMask is 1. */
export function placeImage(e: PlaceImage, tile: i32): void {
  const start = tile * CHUNK;
  const end = min(start + CHUNK, e.size);
  const signal = load<f32>(e.level);
  const sigma = load<f32>(e.level, 4);
  for (let i = start; i < end; i++) {
    if (load<f32>(at(e.keepMask, i % e.plane)) != 1) continue;
    const image = signal * load<f32>(at(e.image, i % e.each));
    store<f32>(at(e.x, i), image + sigma * load<f32>(at(e.noise, i)));
  }
}

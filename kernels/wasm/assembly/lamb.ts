/** LAMB: Adam's step of each tensor, scaled to the size of the tensor. */
import { OptimizerScalars, Verdict } from "./scalars.ts";
import { at, sum4 } from "./simd.ts";
import { Entry } from "./tape.ts";

/** A row of the table: a piece of one tensor. */
@unmanaged
class Chunk {
  start: i32;
  count: i32;
  /** The first chunk of the same tensor. */
  first: i32;
  /** 1 where decay and trust ratio apply. */
  adapted: i32;
}

function chunkAt(table: usize, index: i32): Chunk {
  return changetype<Chunk>(table + (<usize> index << 4));
}

@unmanaged
export class LambStep extends Entry {
  parameters: u32;
  gradients: u32;
  first: u32;
  second: u32;
  norms: u32;
  verdict: u32;
  table: u32;
  scalars: u32;
}

/** Moments and Adam's step u, written over the gradients; norms = squares of parameters and of u. */
export function lambStep(e: LambStep, tile: i32): void {
  if (changetype<Verdict>(<usize> e.verdict).finite == 0) return;
  const s = changetype<OptimizerScalars>(<usize> e.scalars);
  const c = chunkAt(e.table, tile);
  const factor = load<f32>(e.verdict);
  const decay: f32 = c.adapted ? s.weightDecay : 0;
  let i = c.start;
  const end = i + c.count;
  let sizes = f32x4.splat(0);
  let steps = sizes;
  for (; i + 4 <= end; i += 4) {
    const g = f32x4.mul(v128.load(at(e.gradients, i)), f32x4.splat(factor));
    const m = f32x4.add(
      f32x4.mul(f32x4.splat(s.beta1), v128.load(at(e.first, i))),
      f32x4.mul(f32x4.splat(1 - s.beta1), g),
    );
    const v = f32x4.add(
      f32x4.mul(f32x4.splat(s.beta2), v128.load(at(e.second, i))),
      f32x4.mul(f32x4.mul(f32x4.splat(1 - s.beta2), g), g),
    );
    v128.store(at(e.first, i), m);
    v128.store(at(e.second, i), v);
    const w = v128.load(at(e.parameters, i));
    const root = f32x4.div(f32x4.sqrt(v), f32x4.splat(s.correction2));
    const u = f32x4.add(
      f32x4.div(
        f32x4.div(m, f32x4.splat(s.correction1)),
        f32x4.add(root, f32x4.splat(s.epsilon)),
      ),
      f32x4.mul(f32x4.splat(decay), w),
    );
    v128.store(at(e.gradients, i), u);
    sizes = f32x4.add(sizes, f32x4.mul(w, w));
    steps = f32x4.add(steps, f32x4.mul(u, u));
  }
  let size = sum4(sizes);
  let step = sum4(steps);
  for (; i < end; i++) {
    const g = load<f32>(at(e.gradients, i)) * factor;
    const m = s.beta1 * load<f32>(at(e.first, i)) + (1 - s.beta1) * g;
    const v = s.beta2 * load<f32>(at(e.second, i)) + (1 - s.beta2) * g * g;
    store<f32>(at(e.first, i), m);
    store<f32>(at(e.second, i), v);
    const w = load<f32>(at(e.parameters, i));
    const u = m / s.correction1 / (sqrt<f32>(v) / s.correction2 + s.epsilon) + decay * w;
    store<f32>(at(e.gradients, i), u);
    size += w * w;
    step += u * u;
  }
  store<f32>(at(e.norms, 2 * tile), size);
  store<f32>(at(e.norms, 2 * tile + 1), step);
}

@unmanaged
export class TrustRatio extends Entry {
  norms: u32;
  table: u32;
  ratios: u32;
  verdict: u32;
  chunks: i32;
}

/** Each tensor's |parameters| / |u|, or 1, at its first chunk's place in ratios. */
export function trustRatio(e: TrustRatio): void {
  if (changetype<Verdict>(<usize> e.verdict).finite == 0) return;
  for (let first = 0; first < e.chunks;) {
    let size: f64 = 0;
    let step: f64 = 0;
    let k = first;
    for (; k < e.chunks && chunkAt(e.table, k).first == first; k++) {
      size += <f64> load<f32>(at(e.norms, 2 * k));
      step += <f64> load<f32>(at(e.norms, 2 * k + 1));
    }
    const both = chunkAt(e.table, first).adapted == 1 && size > 0 && step > 0;
    store<f32>(at(e.ratios, first), both ? <f32> sqrt<f64>(size / step) : 1);
    first = k;
  }
}

@unmanaged
export class LambUpdate extends Entry {
  parameters: u32;
  gradients: u32;
  average: u32;
  ratios: u32;
  verdict: u32;
  table: u32;
  scalars: u32;
}

/**
 * parameters -= lr ratio u, and the moving average. The gradients, where u lies, are left at 0, for a
 * pass that doesn't use a parameter writes none.
 */
export function lambUpdate(e: LambUpdate, tile: i32): void {
  const s = changetype<OptimizerScalars>(<usize> e.scalars);
  const c = chunkAt(e.table, tile);
  if (changetype<Verdict>(<usize> e.verdict).finite != 0) {
    const rate = s.lr * load<f32>(at(e.ratios, c.first));
    const gain: f32 = 1 - s.emaDecay;
    let i = c.start;
    const end = i + c.count;
    for (; i + 4 <= end; i += 4) {
      const step = f32x4.mul(f32x4.splat(rate), v128.load(at(e.gradients, i)));
      const w = f32x4.sub(v128.load(at(e.parameters, i)), step);
      v128.store(at(e.parameters, i), w);
      const average = f32x4.mul(f32x4.splat(s.emaDecay), v128.load(at(e.average, i)));
      v128.store(at(e.average, i), f32x4.add(average, f32x4.mul(f32x4.splat(gain), w)));
    }
    for (; i < end; i++) {
      const w = load<f32>(at(e.parameters, i)) - rate * load<f32>(at(e.gradients, i));
      store<f32>(at(e.parameters, i), w);
      store<f32>(at(e.average, i), s.emaDecay * load<f32>(at(e.average, i)) + gain * w);
    }
  }
  memory.fill(at(e.gradients, c.start), 0, <usize> c.count << 2);
}

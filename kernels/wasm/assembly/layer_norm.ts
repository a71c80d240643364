/** Layer norm over rows of d, its statistics, and its gradients. */
import { at, madd, sum4 } from "./simd.ts";
import { Entry } from "./tape.ts";

@unmanaged
export class LayerNorm extends Entry {
  x: u32;
  affine: u32;
  y: u32;
  stats: u32;
  rowsPerTile: i32;
  rows: i32;
  d: i32;
  epsilon: f32;
}

/** y = (x - mean) scale weight + bias; stats = mean and scale of each row. */
export function layerNorm(e: LayerNorm, tile: i32): void {
  const d = e.d;
  const end = min((tile + 1) * e.rowsPerTile, e.rows);
  for (let row = tile * e.rowsPerTile; row < end; row++) {
    const x = at(e.x, row * d);
    const y = at(e.y, row * d);
    const mean = sumOf(x, d) / <f32> d;
    const scale: f32 = 1 / sqrt<f32>(squaresAround(mean, x, d) / <f32> d + e.epsilon);
    store<f32>(at(e.stats, 2 * row), mean);
    store<f32>(at(e.stats, 2 * row + 1), scale);
    const bias = at(e.affine, d);
    const means = f32x4.splat(mean);
    const scales = f32x4.splat(scale);
    let k = 0;
    for (; k + 4 <= d; k += 4) {
      const normed = f32x4.mul(f32x4.sub(v128.load(at(x, k)), means), scales);
      v128.store(at(y, k), madd(normed, v128.load(at(e.affine, k)), v128.load(at(bias, k))));
    }
    for (; k < d; k++) {
      const normed = (load<f32>(at(x, k)) - mean) * scale;
      store<f32>(at(y, k), normed * load<f32>(at(e.affine, k)) + load<f32>(at(bias, k)));
    }
  }
}

/** The sum of a row, in 16 parts, so that additions don't wait for each other. */
function sumOf(x: usize, d: i32): f32 {
  let s0 = f32x4.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  let k = 0;
  for (; k + 16 <= d; k += 16) {
    s0 = f32x4.add(s0, v128.load(at(x, k)));
    s1 = f32x4.add(s1, v128.load(at(x, k), 16));
    s2 = f32x4.add(s2, v128.load(at(x, k), 32));
    s3 = f32x4.add(s3, v128.load(at(x, k), 48));
  }
  for (; k + 4 <= d; k += 4) s0 = f32x4.add(s0, v128.load(at(x, k)));
  let sum = sum4(f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3)));
  for (; k < d; k++) sum += load<f32>(at(x, k));
  return sum;
}

/** The sum of (x - mean)^2 over a row. */
function squaresAround(mean: f32, x: usize, d: i32): f32 {
  const means = f32x4.splat(mean);
  let s0 = f32x4.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  let k = 0;
  for (; k + 16 <= d; k += 16) {
    const v0 = f32x4.sub(v128.load(at(x, k)), means);
    const v1 = f32x4.sub(v128.load(at(x, k), 16), means);
    const v2 = f32x4.sub(v128.load(at(x, k), 32), means);
    const v3 = f32x4.sub(v128.load(at(x, k), 48), means);
    s0 = madd(v0, v0, s0);
    s1 = madd(v1, v1, s1);
    s2 = madd(v2, v2, s2);
    s3 = madd(v3, v3, s3);
  }
  for (; k + 4 <= d; k += 4) {
    const v = f32x4.sub(v128.load(at(x, k)), means);
    s0 = madd(v, v, s0);
  }
  let sum = sum4(f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3)));
  for (; k < d; k++) {
    const v = load<f32>(at(x, k)) - mean;
    sum += v * v;
  }
  return sum;
}

@unmanaged
export class LayerNormInputGradient extends Entry {
  x: u32;
  affine: u32;
  stats: u32;
  dy: u32;
  dx: u32;
  rowsPerTile: i32;
  rows: i32;
  d: i32;
  accumulate: i32;
}

/** dx = scale (g - mean(g) - xhat mean(g xhat)) with g = dy weight, written or added. */
export function layerNormInputGradient(e: LayerNormInputGradient, tile: i32): void {
  const end = min((tile + 1) * e.rowsPerTile, e.rows);
  for (let row = tile * e.rowsPerTile; row < end; row++) inputGradient(e, row);
}

function inputGradient(e: LayerNormInputGradient, row: i32): void {
  const d = e.d;
  const x = at(e.x, row * d);
  const dy = at(e.dy, row * d);
  const dx = at(e.dx, row * d);
  const weight = <usize> e.affine;
  const mean = load<f32>(at(e.stats, 2 * row));
  const scale = load<f32>(at(e.stats, 2 * row + 1));
  const means = f32x4.splat(mean);
  const scales = f32x4.splat(scale);
  let sums0 = f32x4.splat(0);
  let sums1 = sums0;
  let products0 = sums0;
  let products1 = sums0;
  let k = 0;
  for (; k + 8 <= d; k += 8) {
    const g0 = f32x4.mul(v128.load(at(dy, k)), v128.load(at(weight, k)));
    const g1 = f32x4.mul(v128.load(at(dy, k), 16), v128.load(at(weight, k), 16));
    sums0 = f32x4.add(sums0, g0);
    sums1 = f32x4.add(sums1, g1);
    const n0 = f32x4.mul(f32x4.sub(v128.load(at(x, k)), means), scales);
    const n1 = f32x4.mul(f32x4.sub(v128.load(at(x, k), 16), means), scales);
    products0 = madd(g0, n0, products0);
    products1 = madd(g1, n1, products1);
  }
  let sum = sum4(f32x4.add(sums0, sums1));
  let product = sum4(f32x4.add(products0, products1));
  for (; k < d; k++) {
    const g = load<f32>(at(dy, k)) * load<f32>(at(weight, k));
    sum += g;
    product += g * ((load<f32>(at(x, k)) - mean) * scale);
  }
  const c1 = sum / <f32> d;
  const c2 = product / <f32> d;
  const c1s = f32x4.splat(c1);
  const c2s = f32x4.splat(c2);
  for (k = 0; k + 4 <= d; k += 4) {
    const g = f32x4.mul(v128.load(at(dy, k)), v128.load(at(weight, k)));
    const n = f32x4.mul(f32x4.sub(v128.load(at(x, k)), means), scales);
    let v = f32x4.mul(scales, f32x4.sub(f32x4.sub(g, c1s), f32x4.mul(n, c2s)));
    if (e.accumulate) v = f32x4.add(v128.load(at(dx, k)), v);
    v128.store(at(dx, k), v);
  }
  for (; k < d; k++) {
    const g = load<f32>(at(dy, k)) * load<f32>(at(weight, k));
    const n = (load<f32>(at(x, k)) - mean) * scale;
    let v = scale * (g - c1 - n * c2);
    if (e.accumulate) v += load<f32>(at(dx, k));
    store<f32>(at(dx, k), v);
  }
}

@unmanaged
export class LayerNormAffineGradient extends Entry {
  x: u32;
  stats: u32;
  dy: u32;
  /** (tiles, 2, d). */
  partial: u32;
  rowsPerTile: i32;
  rows: i32;
  d: i32;
}

/** A tile's share of daffine: the sums of dy xhat, and of dy, over its rows. */
export function layerNormAffineGradient(e: LayerNormAffineGradient, tile: i32): void {
  const d = e.d;
  const weight = at(e.partial, 2 * tile * d);
  memory.fill(weight, 0, <usize> d << 3);
  let row = tile * e.rowsPerTile;
  const end = min(row + e.rowsPerTile, e.rows);
  for (; row + 4 <= end; row += 4) addFourRows(e, row, weight);
  for (; row < end; row++) addColumns(e, row, weight, 0);
}

function addFourRows(e: LayerNormAffineGradient, row: i32, weight: usize): void {
  const d = e.d;
  const bias = at(weight, d);
  const stats = at(e.stats, 2 * row);
  const mean0 = v128.load32_splat(stats);
  const mean1 = v128.load32_splat(stats, 8);
  const mean2 = v128.load32_splat(stats, 16);
  const mean3 = v128.load32_splat(stats, 24);
  const scale0 = v128.load32_splat(stats, 4);
  const scale1 = v128.load32_splat(stats, 12);
  const scale2 = v128.load32_splat(stats, 20);
  const scale3 = v128.load32_splat(stats, 28);
  const x0 = at(e.x, row * d);
  const x1 = at(x0, d);
  const x2 = at(x1, d);
  const x3 = at(x2, d);
  const dy0 = at(e.dy, row * d);
  const dy1 = at(dy0, d);
  const dy2 = at(dy1, d);
  const dy3 = at(dy2, d);
  let k = 0;
  for (; k + 4 <= d; k += 4) {
    const g0 = v128.load(at(dy0, k));
    const g1 = v128.load(at(dy1, k));
    const g2 = v128.load(at(dy2, k));
    const g3 = v128.load(at(dy3, k));
    const gs = f32x4.add(f32x4.add(g0, g1), f32x4.add(g2, g3));
    v128.store(at(bias, k), f32x4.add(v128.load(at(bias, k)), gs));
    let w = v128.load(at(weight, k));
    w = madd(g0, f32x4.mul(f32x4.sub(v128.load(at(x0, k)), mean0), scale0), w);
    w = madd(g1, f32x4.mul(f32x4.sub(v128.load(at(x1, k)), mean1), scale1), w);
    w = madd(g2, f32x4.mul(f32x4.sub(v128.load(at(x2, k)), mean2), scale2), w);
    w = madd(g3, f32x4.mul(f32x4.sub(v128.load(at(x3, k)), mean3), scale3), w);
    v128.store(at(weight, k), w);
  }
  for (let r = 0; r < 4; r++) addColumns(e, row + r, weight, k);
}

/** Adds the columns of one row from `first` on. */
function addColumns(e: LayerNormAffineGradient, row: i32, weight: usize, first: i32): void {
  const d = e.d;
  const bias = at(weight, d);
  const mean = load<f32>(at(e.stats, 2 * row));
  const scale = load<f32>(at(e.stats, 2 * row + 1));
  const x = at(e.x, row * d);
  const dy = at(e.dy, row * d);
  for (let k = first; k < d; k++) {
    const g = load<f32>(at(dy, k));
    const v = g * ((load<f32>(at(x, k)) - mean) * scale);
    store<f32>(at(bias, k), load<f32>(at(bias, k)) + g);
    store<f32>(at(weight, k), load<f32>(at(weight, k)) + v);
  }
}

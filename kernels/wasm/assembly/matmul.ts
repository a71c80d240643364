/**
 * Matrix products with what follows them. A tile is a block of `out`: it packs its columns of b, a
 * stretch of k at a time, into panels in the thread's scratch memory, multiplies them with each 6 rows
 * of a, and does the rest on 6 x 8 results while they are in the cache.
 */
import { activate, derivative } from "./activation.ts";
import { multiplyColumns, multiplyRows, PANEL, ROWS } from "./micro_kernels.ts";
import { packRows, packStrip, packTransposed, PANEL_ROW, panelBytes } from "./pack.ts";
import { at, loadSome, storeSome } from "./simd.ts";
import { Entry } from "./tape.ts";

/** Numbers of the layouts; 2, tn, is all that remains. */
const NT: i32 = 0;
const NN: i32 = 1;

/** Bytes of the results of a micro-kernel. */
const RESULT_BYTES: usize = 192;

@unmanaged
export class Matmul extends Entry {
  a: u32;
  b: u32;
  out: u32;
  bias: u32;
  residual: u32;
  pre: u32;
  sums: u32;
  layout: i32;
  m: i32;
  n: i32;
  k: i32;
  activation: i32;
  derivative: i32;
  accumulate: i32;
  /** Rows and columns of a tile, and how much of k it takes at a time. */
  rows: i32;
  columns: i32;
  depth: i32;
}

/**
 * Scratch: panels of b, `depth` rows of 6 columns of a (tn), then all results of the tile. Where only a
 * bias or what `out` holds is added, whole results begin with that and go straight to `out`. Results
 * that need more begin with the bias too: a row has the same bits in a product of more or fewer rows.
 */
export function matmul(e: Matmul, tile: i32, scratch: usize): void {
  const across = (e.n + e.columns - 1) / e.columns;
  const i0 = tile / across * e.rows;
  const j0 = tile % across * e.columns;
  const rows = min(e.rows, e.m - i0);
  const columns = min(e.columns, e.n - j0);
  const strip = scratch + panelBytes(e.columns, e.depth);
  const results = strip + <usize> e.depth * PANEL_ROW;
  const stride = <usize> e.n << 2;
  const straight = e.activation == 0 && e.derivative == 0 && e.residual == 0 &&
    (e.accumulate == 0 || e.bias == 0);
  for (let l0 = 0; l0 < e.k; l0 += e.depth) {
    const depth = min(e.depth, e.k - l0);
    const last = l0 + depth == e.k;
    packColumns(e, j0, columns, l0, depth, scratch);
    let result = results;
    for (let i = i0; i < i0 + rows; i += ROWS) {
      const valid = min(ROWS, i0 + rows - i);
      if (e.layout > NN) {
        packStrip(at(e.a, l0 * e.m + i), <usize> e.m << 2, valid, depth, strip);
        if (e.sums != 0 && j0 == 0) addColumns(at(e.sums, i), strip, valid, depth, l0 == 0);
      }
      let panel = scratch;
      for (let j = j0; j < j0 + columns; j += PANEL) {
        const width = min(PANEL, j0 + columns - j);
        const whole = straight && valid == ROWS && width == PANEL;
        const to = whole ? at(e.out, i * e.n + j) : result;
        const ldt = whole ? stride : PANEL_ROW;
        let from = to;
        let ldf = ldt;
        if (l0 == 0 && !(whole && e.accumulate != 0)) {
          from = e.bias != 0 && width == PANEL ? at(e.bias, j) : 0;
          ldf = 0;
        }
        if (e.layout > NN) {
          multiplyColumns(strip, PANEL_ROW, panel, depth, to, ldt, from, ldf);
        } else {
          const a = at(e.a, i * e.k + l0);
          multiplyRows(a, <usize> e.k << 2, valid, panel, depth, to, ldt, from, ldf);
        }
        if (last && !whole) finish(e, result, i, valid, j, width);
        panel += <usize> depth * PANEL_ROW;
        result += RESULT_BYTES;
      }
    }
  }
}

function packColumns(e: Matmul, j: i32, columns: i32, l: i32, depth: i32, into: usize): void {
  if (e.layout == NT) {
    packTransposed(at(e.b, j * e.k + l), <usize> e.k << 2, columns, depth, into);
  } else {
    packRows(at(e.b, l * e.n + j), <usize> e.n << 2, columns, depth, into);
  }
}

/** Adds up the columns of a strip. */
function addColumns(sums: usize, strip: usize, valid: i32, depth: i32, fresh: bool): void {
  let low = f32x4.splat(0);
  let high = f32x4.splat(0);
  for (let l = 0; l < depth; l++) {
    low = f32x4.add(low, v128.load(strip));
    high = f32x4.add(high, v128.load(strip, 16));
    strip += PANEL_ROW;
  }
  const count = min(valid, 4);
  if (!fresh) low = f32x4.add(low, loadSome(sums, count));
  storeSome(sums, low, count);
  if (valid > 4) {
    sums += 16;
    if (!fresh) high = f32x4.add(high, loadSome(sums, valid - 4));
    storeSome(sums, high, valid - 4);
  }
}

/** What follows a product, on `rows` x `columns` results; 8 columns have their bias already. */
function finish(e: Matmul, from: usize, i: i32, rows: i32, j: i32, columns: i32): void {
  const activates = e.activation != 0 || e.derivative != 0;
  const residual = e.residual;
  const accumulate = e.accumulate != 0;
  const stride = <usize> e.n << 2;
  for (let c = 0; c < columns; c += 4) {
    const count = min(4, columns - c);
    const biased = e.bias != 0 && columns < PANEL;
    const bias = biased ? loadSome(at(e.bias, j + c), count) : f32x4.splat(0);
    let offset = <usize> (i * e.n + j + c) << 2;
    let result = from + (<usize> c << 2);
    for (let r = 0; r < rows; r++) {
      let value = f32x4.add(v128.load(result), bias);
      const out = e.out + offset;
      if (count == 4 && !activates) {
        if (residual != 0) value = f32x4.add(value, v128.load(residual + offset));
        if (accumulate) value = f32x4.add(value, v128.load(out));
        v128.store(out, value);
      } else {
        if (activates) value = activated(e, value, e.pre + offset, count);
        if (residual != 0) value = f32x4.add(value, loadSome(residual + offset, count));
        if (accumulate) value = f32x4.add(value, loadSome(out, count));
        storeSome(out, value, count);
      }
      offset += stride;
      result += PANEL_ROW;
    }
  }
}

/** The activation of a sum, which is kept at `pre`, or the sum times the derivative at `pre`. */
function activated(e: Matmul, sum: v128, pre: usize, count: i32): v128 {
  if (e.derivative != 0) return f32x4.mul(sum, derivative(e.derivative, loadSome(pre, count)));
  if (e.pre != 0) storeSome(pre, sum, count);
  return activate(e.activation, sum);
}

/**
 * Matrix products with what follows them. A tile is a block of `out`: it packs its columns of b, a
 * stretch of k at a time, into panels in the thread's scratch memory, and each 8 rows of a; multiplies
 * 4 of these rows with all panels, and does the rest on these results while they are in the cache.
 */
import { activate, derivative } from "./activation.ts";
import { multiply, PANEL, ROWS } from "./micro_kernel.ts";
import { packRows, packTransposed, PANEL_ROW, panelBytes } from "./pack.ts";
import { at, loadSome, storeSome } from "./simd.ts";
import { Entry } from "./tape.ts";

/** Numbers of the layouts; 2, tn, is all that remains. */
const NT: i32 = 0;
const NN: i32 = 1;

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
 * Scratch: panels of b, a panel of a, room, then all results of the tile. Where only a
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
  const room = strip + <usize> e.depth * PANEL_ROW;
  const results = room + 3 * stripBytes(e.columns);
  const stride = <usize> e.n << 2;
  const straight = e.activation == 0 && e.derivative == 0 && e.residual == 0 &&
    (e.accumulate == 0 || e.bias == 0);
  for (let l0 = 0; l0 < e.k; l0 += e.depth) {
    const depth = min(e.depth, e.k - l0);
    packColumns(e, j0, columns, l0, depth, scratch);
    let result = results;
    for (let i = i0; i < i0 + rows; i += ROWS) {
      const half = i - i0 & 4;
      const left = i0 + rows - i;
      if (half == 0) {
        packRowsOfA(e, i, min(PANEL, left), l0, depth, strip);
        if (e.sums != 0 && j0 == 0) {
          addColumns(at(e.sums, i), strip, min(PANEL, left), depth, l0 == 0);
        }
      }
      const valid = min(ROWS, left);
      const whole = straight && valid == ROWS ? columns & -PANEL : 0;
      for (let j = 0; j < columns; j += PANEL) {
        const to = j < whole ? at(e.out, i * e.n + j0 + j) : result + stripBytes(j);
        const ldt = j < whole ? stride : PANEL_ROW;
        let from = to;
        let ldf = ldt;
        if (l0 == 0 && (j >= whole || e.accumulate == 0)) {
          from = e.bias != 0 && j + PANEL <= columns ? at(e.bias, j0 + j) : 0;
          ldf = 0;
        }
        const panel = scratch + panelBytes(j, depth);
        multiply(at(strip, half), PANEL_ROW, panel, depth, to, ldt, from, ldf);
      }
      if (l0 + depth == e.k && whole < columns) {
        finish(e, result + stripBytes(whole), i, valid, j0 + whole, columns - whole, room);
      }
      result += stripBytes(columns);
    }
  }
}

/** Bytes of 4 rows of results: panels of 8 columns, one after the other. */
function stripBytes(columns: i32): usize {
  return panelBytes(columns, ROWS);
}

function packRowsOfA(e: Matmul, i: i32, rows: i32, l: i32, depth: i32, into: usize): void {
  if (e.layout > NN) {
    packRows(at(e.a, l * e.m + i), <usize> e.m << 2, rows, depth, into);
  } else {
    packTransposed(at(e.a, i * e.k + l), <usize> e.k << 2, rows, depth, into);
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

/**
 * What follows a product, on `rows` x `columns` results: panels of 8 columns, which have their bias
 * unless they are narrower. At `room` is room for three times the results.
 */
function finish(
  e: Matmul,
  results: usize,
  i: i32,
  rows: i32,
  j: i32,
  columns: i32,
  room: usize,
): void {
  const bytes = stripBytes(columns);
  const first = <usize> (i * e.n + j) << 2;
  const stride = <usize> e.n << 2;
  if (e.bias != 0 && columns % PANEL != 0) {
    const whole = columns & -PANEL;
    addRows(results + stripBytes(whole), at(e.bias, j + whole), 0, rows, columns - whole);
  }
  if (e.activation != 0) {
    if (e.pre != 0) storeRows(results, <usize> e.pre + first, stride, rows, columns);
    activate(e.activation, results, results + bytes, room);
  }
  if (e.derivative != 0) {
    loadRows(room, <usize> e.pre + first, stride, rows, columns);
    derivative(e.derivative, room, room + bytes, room + bytes);
    for (let offset: usize = 0; offset < bytes; offset += 16) {
      const to = results + offset;
      v128.store(to, f32x4.mul(v128.load(to), v128.load(room + offset)));
    }
  }
  if (e.residual != 0) addRows(results, <usize> e.residual + first, stride, rows, columns);
  if (e.accumulate != 0) addRows(results, <usize> e.out + first, stride, rows, columns);
  storeRows(results, <usize> e.out + first, stride, rows, columns);
}

/** results += rows at `from`, `stride` bytes apart. */
function addRows(results: usize, from: usize, stride: usize, rows: i32, columns: i32): void {
  for (let j = 0; j < columns; j += 4) {
    const count = columns - j;
    let other = at(from, j);
    let result = resultAt(results, j);
    for (let r = 0; r < rows; r++) {
      v128.store(result, f32x4.add(v128.load(result), loadSome(other, count)));
      result += PANEL_ROW;
      other += stride;
    }
  }
}

/** results = rows at `from`. */
function loadRows(results: usize, from: usize, stride: usize, rows: i32, columns: i32): void {
  for (let j = 0; j < columns; j += 4) {
    const count = columns - j;
    let other = at(from, j);
    let result = resultAt(results, j);
    for (let r = 0; r < rows; r++) {
      v128.store(result, loadSome(other, count));
      result += PANEL_ROW;
      other += stride;
    }
  }
}

/** Writes results to rows at `to`. */
function storeRows(results: usize, to: usize, stride: usize, rows: i32, columns: i32): void {
  for (let j = 0; j < columns; j += 4) {
    const count = columns - j;
    let other = at(to, j);
    let result = resultAt(results, j);
    for (let r = 0; r < rows; r++) {
      storeSome(other, v128.load(result), count);
      result += PANEL_ROW;
      other += stride;
    }
  }
}

/** Where column j, a multiple of 4, of the first row of results lies. */
function resultAt(results: usize, j: i32): usize {
  return results + stripBytes(j & -PANEL) + (<usize> (j & 4) << 2);
}

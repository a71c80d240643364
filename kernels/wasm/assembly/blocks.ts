/** Products of blocks that lie in scratch memory, with the micro-kernels. Strides are bytes. */
import { multiplyColumns, multiplyRows, PANEL, ROWS } from "./micro_kernels.ts";
import { PANEL_ROW } from "./pack.ts";
import { at, loadSome, storeSome } from "./simd.ts";

/**
 * c (rows, columns) = or += a (rows, k) b (k, columns), b in panels. c has room for whole 6 rows and
 * 8 columns.
 */
export function rowsTimesPanels(
  a: usize,
  lda: usize,
  rows: i32,
  panels: usize,
  columns: i32,
  k: i32,
  c: usize,
  ldc: usize,
  fresh: bool,
): void {
  for (let i = 0; i < rows; i += ROWS) {
    let panel = panels;
    for (let j = 0; j < columns; j += PANEL) {
      const to = at(c, j);
      multiplyRows(a, lda, min(ROWS, rows - i), panel, k, to, ldc, fresh ? 0 : to, ldc);
      panel += <usize> k * PANEL_ROW;
    }
    a += ROWS * lda;
    c += ROWS * ldc;
  }
}

/** The same with a stored (k, rows). It reads up to 5 floats behind the last row. */
export function columnsTimesPanels(
  a: usize,
  lda: usize,
  rows: i32,
  panels: usize,
  columns: i32,
  k: i32,
  c: usize,
  ldc: usize,
  fresh: bool,
): void {
  for (let i = 0; i < rows; i += ROWS) {
    let panel = panels;
    for (let j = 0; j < columns; j += PANEL) {
      const to = at(c, j);
      multiplyColumns(at(a, i), lda, panel, k, to, ldc, fresh ? 0 : to, ldc);
      panel += <usize> k * PANEL_ROW;
    }
    c += ROWS * ldc;
  }
}

/** to = or += from, for a row of floats. */
export function writeRow(from: usize, to: usize, columns: i32, add: bool): void {
  for (let c = 0; c < columns; c += 4) {
    const count = min(4, columns - c);
    let value = v128.load(at(from, c));
    if (add) value = f32x4.add(value, loadSome(at(to, c), count));
    storeSome(at(to, c), value, count);
  }
}

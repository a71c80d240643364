/** Products of blocks that lie in scratch memory, with the micro-kernel. Strides are bytes. */
import { multiply, PANEL, ROWS } from "./micro_kernel.ts";
import { packTransposed, PANEL_ROW, panelBytes } from "./pack.ts";
import { at, loadSome, storeSome } from "./simd.ts";

/**
 * c = or += a (rows, k) b (k, columns), b in panels; c has room for whole 4 rows and 8 columns. At
 * `strip` is room for a panel of 8 rows of a.
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
  strip: usize,
): void {
  for (let i = 0; i < rows; i += PANEL) {
    const count = min(PANEL, rows - i);
    packTransposed(a + <usize> i * lda, lda, count, k, strip);
    columnsTimesPanels(strip, PANEL_ROW, count, panels, columns, k, c, ldc, fresh);
    c += <usize> PANEL * ldc;
  }
}

/** The same with a stored (k, rows), and up to 3 floats behind each row that don't matter. */
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
    for (let j = 0; j < columns; j += PANEL) {
      const to = at(c, j);
      multiply(at(a, i), lda, panels + panelBytes(j, k), k, to, ldc, fresh ? 0 : to, ldc);
    }
    c += <usize> ROWS * ldc;
  }
}

/** to = or += from, for a row of floats. */
export function writeRow(from: usize, to: usize, columns: i32, add: bool): void {
  for (let c = 0; c < columns; c += 4) {
    const count = columns - c;
    let value = v128.load(at(from, c));
    if (add) value = f32x4.add(value, loadSome(at(to, c), count));
    storeSome(at(to, c), value, count);
  }
}

/**
 * Panels for the micro-kernel: 8 columns of a matrix (k, columns) without gaps. The columns that the
 * last panel lacks hold numbers that don't matter: they only reach columns that nobody stores.
 */
import { PANEL } from "./micro_kernel.ts";
import { at } from "./simd.ts";

/** Bytes of a row of a panel. */
export const PANEL_ROW: usize = 32;

/** Bytes of the panels of `columns` columns, `k` long. */
export function panelBytes(columns: i32, k: i32): usize {
  return <usize> ((columns + PANEL - 1) / PANEL) * <usize> k * PANEL_ROW;
}

/** Packs b (k, columns), its rows `ldb` bytes apart. */
export function packRows(b: usize, ldb: usize, columns: i32, k: i32, into: usize): void {
  for (let j = 0; j < columns; j += PANEL) {
    let from = at(b, j);
    const count = min(columns - j, PANEL);
    for (let l = 0; l < k; l++) {
      if (count == PANEL) {
        v128.store(into, v128.load(from));
        v128.store(into, v128.load(from, 16), 16);
      } else {
        for (let c = 0; c < count; c++) store<f32>(at(into, c), load<f32>(at(from, c)));
      }
      from += ldb;
      into += PANEL_ROW;
    }
  }
}

/** Packs the transpose of b (columns, k), its rows `ldb` bytes apart. */
export function packTransposed(b: usize, ldb: usize, columns: i32, k: i32, into: usize): void {
  for (let j = 0; j < columns; j += PANEL) {
    packHalf(b, ldb, j, columns, k, into);
    packHalf(b, ldb, j + 4, columns, k, into + 16);
    into += <usize> k * PANEL_ROW;
  }
}

/** Packs four columns: four rows of b are transposed. */
function packHalf(b: usize, ldb: usize, j: i32, columns: i32, k: i32, into: usize): void {
  const last = columns - 1;
  let p0 = b + ldb * min(j, last);
  let p1 = b + ldb * min(j + 1, last);
  let p2 = b + ldb * min(j + 2, last);
  let p3 = b + ldb * min(j + 3, last);
  let left = k;
  for (; left >= 4; left -= 4) {
    const r0 = v128.load(p0);
    const r1 = v128.load(p1);
    const r2 = v128.load(p2);
    const r3 = v128.load(p3);
    const low01 = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5);
    const low23 = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5);
    const high01 = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7);
    const high23 = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7);
    v128.store(into, v128.shuffle<f64>(low01, low23, 0, 2));
    v128.store(into, v128.shuffle<f64>(low01, low23, 1, 3), 32);
    v128.store(into, v128.shuffle<f64>(high01, high23, 0, 2), 64);
    v128.store(into, v128.shuffle<f64>(high01, high23, 1, 3), 96);
    p0 += 16;
    p1 += 16;
    p2 += 16;
    p3 += 16;
    into += 4 * PANEL_ROW;
  }
  for (; left > 0; left--) {
    store<f32>(into, load<f32>(p0));
    store<f32>(into, load<f32>(p1), 4);
    store<f32>(into, load<f32>(p2), 8);
    store<f32>(into, load<f32>(p3), 12);
    p0 += 4;
    p1 += 4;
    p2 += 4;
    p3 += 4;
    into += PANEL_ROW;
  }
}

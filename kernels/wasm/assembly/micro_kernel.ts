/** The innermost loop of all matrix products. */
import { madd } from "./simd.ts";

/** Rows that the micro-kernel computes. */
export const ROWS: i32 = 4;
/** Columns of a panel. */
export const PANEL: i32 = 8;

/**
 * c (4 rows, 8 columns) = the transpose of a (k, 4) times b, a panel (k, 8) without gaps; plus what lies
 * at `from` unless that is 0. `lda`, `ldc` and `ldf` are bytes from a row to the next.
 *
 * Its 8 sums, 2 of b, a and one of a's elements fit into the 15 registers that V8 has on x86. A load
 * costs a bounds check too, so there are only 3 for 8 multiply-adds. Larger or unrolled by hand it is
 * slower, see docs/cpu.md.
 */
export function multiply(
  a: usize,
  lda: usize,
  b: usize,
  k: i32,
  c: usize,
  ldc: usize,
  from: usize,
  ldf: usize,
): void {
  let s00 = f32x4.splat(0);
  let s01 = f32x4.splat(0);
  let s10 = f32x4.splat(0);
  let s11 = f32x4.splat(0);
  let s20 = f32x4.splat(0);
  let s21 = f32x4.splat(0);
  let s30 = f32x4.splat(0);
  let s31 = f32x4.splat(0);
  if (from != 0) {
    s00 = v128.load(from);
    s01 = v128.load(from, 16);
    from += ldf;
    s10 = v128.load(from);
    s11 = v128.load(from, 16);
    from += ldf;
    s20 = v128.load(from);
    s21 = v128.load(from, 16);
    from += ldf;
    s30 = v128.load(from);
    s31 = v128.load(from, 16);
  }
  for (; k > 0; k--) {
    const rows = v128.load(a);
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    const a0 = v128.shuffle<f32>(rows, rows, 0, 0, 0, 0);
    s00 = madd(a0, b0, s00);
    s01 = madd(a0, b1, s01);
    const a1 = v128.shuffle<f32>(rows, rows, 1, 1, 1, 1);
    s10 = madd(a1, b0, s10);
    s11 = madd(a1, b1, s11);
    const a2 = v128.shuffle<f32>(rows, rows, 2, 2, 2, 2);
    s20 = madd(a2, b0, s20);
    s21 = madd(a2, b1, s21);
    const a3 = v128.shuffle<f32>(rows, rows, 3, 3, 3, 3);
    s30 = madd(a3, b0, s30);
    s31 = madd(a3, b1, s31);
    a += lda;
    b += 32;
  }
  v128.store(c, s00);
  v128.store(c, s01, 16);
  c += ldc;
  v128.store(c, s10);
  v128.store(c, s11, 16);
  c += ldc;
  v128.store(c, s20);
  v128.store(c, s21, 16);
  c += ldc;
  v128.store(c, s30);
  v128.store(c, s31, 16);
}

/**
 * Made by kernels/wasm/micro_kernels.ts. c (6 rows, 8 columns, rows `ldc` bytes apart) =
 * a b + what lies at `from` (rows `ldf` apart) unless that is 0, with b a panel (k, 8)
 * without gaps. Strides are bytes.
 */
import { madd } from "./simd.ts";

/** Rows that a micro-kernel computes. */
export const ROWS: i32 = 6;
/** Columns of a panel. */
export const PANEL: i32 = 8;

/** a (valid, k), its rows `lda` bytes apart. Rows of c beyond `valid` repeat the last. */
export function multiplyRows(
  a: usize,
  lda: usize,
  valid: i32,
  b: usize,
  k: i32,
  c: usize,
  ldc: usize,
  from: usize,
  ldf: usize,
): void {
  let p0 = a;
  let p1 = a + lda * min(1, valid - 1);
  let p2 = a + lda * min(2, valid - 1);
  let p3 = a + lda * min(3, valid - 1);
  let p4 = a + lda * min(4, valid - 1);
  let p5 = a + lda * min(5, valid - 1);
  const c0 = c + ldc * 0;
  const c1 = c + ldc * 1;
  const c2 = c + ldc * 2;
  const c3 = c + ldc * 3;
  const c4 = c + ldc * 4;
  const c5 = c + ldc * 5;
  let s00 = f32x4.splat(0);
  let s01 = f32x4.splat(0);
  let s10 = f32x4.splat(0);
  let s11 = f32x4.splat(0);
  let s20 = f32x4.splat(0);
  let s21 = f32x4.splat(0);
  let s30 = f32x4.splat(0);
  let s31 = f32x4.splat(0);
  let s40 = f32x4.splat(0);
  let s41 = f32x4.splat(0);
  let s50 = f32x4.splat(0);
  let s51 = f32x4.splat(0);
  if (from != 0) {
    s00 = v128.load(from, 0);
    s01 = v128.load(from, 16);
    from += ldf;
    s10 = v128.load(from, 0);
    s11 = v128.load(from, 16);
    from += ldf;
    s20 = v128.load(from, 0);
    s21 = v128.load(from, 16);
    from += ldf;
    s30 = v128.load(from, 0);
    s31 = v128.load(from, 16);
    from += ldf;
    s40 = v128.load(from, 0);
    s41 = v128.load(from, 16);
    from += ldf;
    s50 = v128.load(from, 0);
    s51 = v128.load(from, 16);
    from += ldf;
  }
  let left = k;
  for (; left >= 4; left -= 4) {
    const b00 = v128.load(b, 0);
    const b01 = v128.load(b, 16);
    const a00 = v128.load32_splat(p0, 0);
    s00 = madd(a00, b00, s00);
    s01 = madd(a00, b01, s01);
    const a01 = v128.load32_splat(p1, 0);
    s10 = madd(a01, b00, s10);
    s11 = madd(a01, b01, s11);
    const a02 = v128.load32_splat(p2, 0);
    s20 = madd(a02, b00, s20);
    s21 = madd(a02, b01, s21);
    const a03 = v128.load32_splat(p3, 0);
    s30 = madd(a03, b00, s30);
    s31 = madd(a03, b01, s31);
    const a04 = v128.load32_splat(p4, 0);
    s40 = madd(a04, b00, s40);
    s41 = madd(a04, b01, s41);
    const a05 = v128.load32_splat(p5, 0);
    s50 = madd(a05, b00, s50);
    s51 = madd(a05, b01, s51);
    const b10 = v128.load(b, 32);
    const b11 = v128.load(b, 48);
    const a10 = v128.load32_splat(p0, 4);
    s00 = madd(a10, b10, s00);
    s01 = madd(a10, b11, s01);
    const a11 = v128.load32_splat(p1, 4);
    s10 = madd(a11, b10, s10);
    s11 = madd(a11, b11, s11);
    const a12 = v128.load32_splat(p2, 4);
    s20 = madd(a12, b10, s20);
    s21 = madd(a12, b11, s21);
    const a13 = v128.load32_splat(p3, 4);
    s30 = madd(a13, b10, s30);
    s31 = madd(a13, b11, s31);
    const a14 = v128.load32_splat(p4, 4);
    s40 = madd(a14, b10, s40);
    s41 = madd(a14, b11, s41);
    const a15 = v128.load32_splat(p5, 4);
    s50 = madd(a15, b10, s50);
    s51 = madd(a15, b11, s51);
    const b20 = v128.load(b, 64);
    const b21 = v128.load(b, 80);
    const a20 = v128.load32_splat(p0, 8);
    s00 = madd(a20, b20, s00);
    s01 = madd(a20, b21, s01);
    const a21 = v128.load32_splat(p1, 8);
    s10 = madd(a21, b20, s10);
    s11 = madd(a21, b21, s11);
    const a22 = v128.load32_splat(p2, 8);
    s20 = madd(a22, b20, s20);
    s21 = madd(a22, b21, s21);
    const a23 = v128.load32_splat(p3, 8);
    s30 = madd(a23, b20, s30);
    s31 = madd(a23, b21, s31);
    const a24 = v128.load32_splat(p4, 8);
    s40 = madd(a24, b20, s40);
    s41 = madd(a24, b21, s41);
    const a25 = v128.load32_splat(p5, 8);
    s50 = madd(a25, b20, s50);
    s51 = madd(a25, b21, s51);
    const b30 = v128.load(b, 96);
    const b31 = v128.load(b, 112);
    const a30 = v128.load32_splat(p0, 12);
    s00 = madd(a30, b30, s00);
    s01 = madd(a30, b31, s01);
    const a31 = v128.load32_splat(p1, 12);
    s10 = madd(a31, b30, s10);
    s11 = madd(a31, b31, s11);
    const a32 = v128.load32_splat(p2, 12);
    s20 = madd(a32, b30, s20);
    s21 = madd(a32, b31, s21);
    const a33 = v128.load32_splat(p3, 12);
    s30 = madd(a33, b30, s30);
    s31 = madd(a33, b31, s31);
    const a34 = v128.load32_splat(p4, 12);
    s40 = madd(a34, b30, s40);
    s41 = madd(a34, b31, s41);
    const a35 = v128.load32_splat(p5, 12);
    s50 = madd(a35, b30, s50);
    s51 = madd(a35, b31, s51);
    p0 += 16;
    p1 += 16;
    p2 += 16;
    p3 += 16;
    p4 += 16;
    p5 += 16;
    b += 128;
  }
  for (; left > 0; left--) {
    const b00 = v128.load(b, 0);
    const b01 = v128.load(b, 16);
    const a00 = v128.load32_splat(p0, 0);
    s00 = madd(a00, b00, s00);
    s01 = madd(a00, b01, s01);
    const a01 = v128.load32_splat(p1, 0);
    s10 = madd(a01, b00, s10);
    s11 = madd(a01, b01, s11);
    const a02 = v128.load32_splat(p2, 0);
    s20 = madd(a02, b00, s20);
    s21 = madd(a02, b01, s21);
    const a03 = v128.load32_splat(p3, 0);
    s30 = madd(a03, b00, s30);
    s31 = madd(a03, b01, s31);
    const a04 = v128.load32_splat(p4, 0);
    s40 = madd(a04, b00, s40);
    s41 = madd(a04, b01, s41);
    const a05 = v128.load32_splat(p5, 0);
    s50 = madd(a05, b00, s50);
    s51 = madd(a05, b01, s51);
    p0 += 4;
    p1 += 4;
    p2 += 4;
    p3 += 4;
    p4 += 4;
    p5 += 4;
    b += 32;
  }
  v128.store(c0, s00, 0);
  v128.store(c0, s01, 16);
  v128.store(c1, s10, 0);
  v128.store(c1, s11, 16);
  v128.store(c2, s20, 0);
  v128.store(c2, s21, 16);
  v128.store(c3, s30, 0);
  v128.store(c3, s31, 16);
  v128.store(c4, s40, 0);
  v128.store(c4, s41, 16);
  v128.store(c5, s50, 0);
  v128.store(c5, s51, 16);
}

/** a (k, 6), its rows `lda` bytes apart: the product of its transpose. */
export function multiplyColumns(
  a: usize,
  lda: usize,
  b: usize,
  k: i32,
  c: usize,
  ldc: usize,
  from: usize,
  ldf: usize,
): void {
  let p0 = a;
  let p1 = a + lda * 1;
  let p2 = a + lda * 2;
  let p3 = a + lda * 3;
  const c0 = c + ldc * 0;
  const c1 = c + ldc * 1;
  const c2 = c + ldc * 2;
  const c3 = c + ldc * 3;
  const c4 = c + ldc * 4;
  const c5 = c + ldc * 5;
  let s00 = f32x4.splat(0);
  let s01 = f32x4.splat(0);
  let s10 = f32x4.splat(0);
  let s11 = f32x4.splat(0);
  let s20 = f32x4.splat(0);
  let s21 = f32x4.splat(0);
  let s30 = f32x4.splat(0);
  let s31 = f32x4.splat(0);
  let s40 = f32x4.splat(0);
  let s41 = f32x4.splat(0);
  let s50 = f32x4.splat(0);
  let s51 = f32x4.splat(0);
  if (from != 0) {
    s00 = v128.load(from, 0);
    s01 = v128.load(from, 16);
    from += ldf;
    s10 = v128.load(from, 0);
    s11 = v128.load(from, 16);
    from += ldf;
    s20 = v128.load(from, 0);
    s21 = v128.load(from, 16);
    from += ldf;
    s30 = v128.load(from, 0);
    s31 = v128.load(from, 16);
    from += ldf;
    s40 = v128.load(from, 0);
    s41 = v128.load(from, 16);
    from += ldf;
    s50 = v128.load(from, 0);
    s51 = v128.load(from, 16);
    from += ldf;
  }
  let left = k;
  for (; left >= 4; left -= 4) {
    const b00 = v128.load(b, 0);
    const b01 = v128.load(b, 16);
    const a00 = v128.load32_splat(p0, 0);
    s00 = madd(a00, b00, s00);
    s01 = madd(a00, b01, s01);
    const a01 = v128.load32_splat(p0, 4);
    s10 = madd(a01, b00, s10);
    s11 = madd(a01, b01, s11);
    const a02 = v128.load32_splat(p0, 8);
    s20 = madd(a02, b00, s20);
    s21 = madd(a02, b01, s21);
    const a03 = v128.load32_splat(p0, 12);
    s30 = madd(a03, b00, s30);
    s31 = madd(a03, b01, s31);
    const a04 = v128.load32_splat(p0, 16);
    s40 = madd(a04, b00, s40);
    s41 = madd(a04, b01, s41);
    const a05 = v128.load32_splat(p0, 20);
    s50 = madd(a05, b00, s50);
    s51 = madd(a05, b01, s51);
    const b10 = v128.load(b, 32);
    const b11 = v128.load(b, 48);
    const a10 = v128.load32_splat(p1, 0);
    s00 = madd(a10, b10, s00);
    s01 = madd(a10, b11, s01);
    const a11 = v128.load32_splat(p1, 4);
    s10 = madd(a11, b10, s10);
    s11 = madd(a11, b11, s11);
    const a12 = v128.load32_splat(p1, 8);
    s20 = madd(a12, b10, s20);
    s21 = madd(a12, b11, s21);
    const a13 = v128.load32_splat(p1, 12);
    s30 = madd(a13, b10, s30);
    s31 = madd(a13, b11, s31);
    const a14 = v128.load32_splat(p1, 16);
    s40 = madd(a14, b10, s40);
    s41 = madd(a14, b11, s41);
    const a15 = v128.load32_splat(p1, 20);
    s50 = madd(a15, b10, s50);
    s51 = madd(a15, b11, s51);
    const b20 = v128.load(b, 64);
    const b21 = v128.load(b, 80);
    const a20 = v128.load32_splat(p2, 0);
    s00 = madd(a20, b20, s00);
    s01 = madd(a20, b21, s01);
    const a21 = v128.load32_splat(p2, 4);
    s10 = madd(a21, b20, s10);
    s11 = madd(a21, b21, s11);
    const a22 = v128.load32_splat(p2, 8);
    s20 = madd(a22, b20, s20);
    s21 = madd(a22, b21, s21);
    const a23 = v128.load32_splat(p2, 12);
    s30 = madd(a23, b20, s30);
    s31 = madd(a23, b21, s31);
    const a24 = v128.load32_splat(p2, 16);
    s40 = madd(a24, b20, s40);
    s41 = madd(a24, b21, s41);
    const a25 = v128.load32_splat(p2, 20);
    s50 = madd(a25, b20, s50);
    s51 = madd(a25, b21, s51);
    const b30 = v128.load(b, 96);
    const b31 = v128.load(b, 112);
    const a30 = v128.load32_splat(p3, 0);
    s00 = madd(a30, b30, s00);
    s01 = madd(a30, b31, s01);
    const a31 = v128.load32_splat(p3, 4);
    s10 = madd(a31, b30, s10);
    s11 = madd(a31, b31, s11);
    const a32 = v128.load32_splat(p3, 8);
    s20 = madd(a32, b30, s20);
    s21 = madd(a32, b31, s21);
    const a33 = v128.load32_splat(p3, 12);
    s30 = madd(a33, b30, s30);
    s31 = madd(a33, b31, s31);
    const a34 = v128.load32_splat(p3, 16);
    s40 = madd(a34, b30, s40);
    s41 = madd(a34, b31, s41);
    const a35 = v128.load32_splat(p3, 20);
    s50 = madd(a35, b30, s50);
    s51 = madd(a35, b31, s51);
    p0 += lda * 4;
    p1 += lda * 4;
    p2 += lda * 4;
    p3 += lda * 4;
    b += 128;
  }
  for (; left > 0; left--) {
    const b00 = v128.load(b, 0);
    const b01 = v128.load(b, 16);
    const a00 = v128.load32_splat(p0, 0);
    s00 = madd(a00, b00, s00);
    s01 = madd(a00, b01, s01);
    const a01 = v128.load32_splat(p0, 4);
    s10 = madd(a01, b00, s10);
    s11 = madd(a01, b01, s11);
    const a02 = v128.load32_splat(p0, 8);
    s20 = madd(a02, b00, s20);
    s21 = madd(a02, b01, s21);
    const a03 = v128.load32_splat(p0, 12);
    s30 = madd(a03, b00, s30);
    s31 = madd(a03, b01, s31);
    const a04 = v128.load32_splat(p0, 16);
    s40 = madd(a04, b00, s40);
    s41 = madd(a04, b01, s41);
    const a05 = v128.load32_splat(p0, 20);
    s50 = madd(a05, b00, s50);
    s51 = madd(a05, b01, s51);
    p0 += lda;
    b += 32;
  }
  v128.store(c0, s00, 0);
  v128.store(c0, s01, 16);
  v128.store(c1, s10, 0);
  v128.store(c1, s11, 16);
  v128.store(c2, s20, 0);
  v128.store(c2, s21, 16);
  v128.store(c3, s30, 0);
  v128.store(c3, s31, 16);
  v128.store(c4, s40, 0);
  v128.store(c4, s41, 16);
  v128.store(c5, s50, 0);
  v128.store(c5, s51, 16);
}

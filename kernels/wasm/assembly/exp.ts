/** Exponential and logarithm in f32: our own, so that every engine computes the same bits. */
import { madd } from "./simd.ts";

/** 1.5 2^23: adding it leaves the nearest integer in the last bits. */
const ROUND: f32 = 12582912;

/**
 * e^x, within 2 ulp; 0 below -87.3, where the result would be subnormal, and at most e^88.37. With n =
 * the nearest integer to x / ln 2: 2^n times the polynomial of e^(x - n ln 2), by Cephes' coefficients.
 * pmin is one instruction, min is eight; in this order it keeps NaN.
 */
export function exp4(x: v128): v128 {
  const bounded = f32x4.pmin(x, f32x4.splat(88.3762));
  const rounded = f32x4.add(f32x4.mul(bounded, f32x4.splat(1.44269504)), f32x4.splat(ROUND));
  const n = f32x4.sub(rounded, f32x4.splat(ROUND));
  // ln 2 in two parts, of which the first has few bits: n times it is exact.
  let r = f32x4.sub(bounded, f32x4.mul(n, f32x4.splat(0.693359375)));
  r = madd(n, f32x4.splat(2.12194440e-4), r);
  let p = f32x4.splat(1.9875691500e-4);
  p = madd(p, r, f32x4.splat(1.3981999507e-3));
  p = madd(p, r, f32x4.splat(8.3334519073e-3));
  p = madd(p, r, f32x4.splat(4.1665795894e-2));
  p = madd(p, r, f32x4.splat(1.6666665459e-1));
  p = madd(p, r, f32x4.splat(0.5));
  p = madd(p, f32x4.mul(r, r), f32x4.add(r, f32x4.splat(1)));
  const power = i32x4.shl(i32x4.add(rounded, i32x4.splat(127)), 23);
  return v128.andnot(f32x4.mul(p, power), f32x4.lt(x, f32x4.splat(-87.33654)));
}

/** e^x of one number. */
export function exp1(x: f32): f32 {
  return f32x4.extract_lane(exp4(f32x4.splat(x)), 0);
}

/** The natural logarithm of a positive, normal number, within 2 ulp, by Cephes' coefficients. */
export function log1(x: f32): f32 {
  const bits = reinterpret<i32>(x);
  let e = <f32> ((bits >> 23) - 126);
  let m = reinterpret<f32>((bits & 0x7fffff) | 0x3f000000); // in [0.5, 1)
  if (m < <f32> 0.70710678) {
    e -= 1;
    m += m;
  }
  m -= 1;
  const z = m * m;
  let p: f32 = 7.0376836292e-2;
  p = p * m - <f32> 1.1514610310e-1;
  p = p * m + <f32> 1.1676998740e-1;
  p = p * m - <f32> 1.2420140846e-1;
  p = p * m + <f32> 1.4249322787e-1;
  p = p * m - <f32> 1.6668057665e-1;
  p = p * m + <f32> 2.0000714765e-1;
  p = p * m - <f32> 2.4999993993e-1;
  p = p * m + <f32> 3.3333331174e-1;
  let y = p * m * z - <f32> 2.12194440e-4 * e;
  y -= <f32> 0.5 * z;
  return m + y + <f32> 0.693359375 * e;
}

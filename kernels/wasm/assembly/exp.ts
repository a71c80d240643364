/** The exponential: our own, so that every engine computes the same bits. */
import { constant, madd } from "./simd.ts";

/** 1.5 2^23: adding it leaves the nearest integer in the last bits. */
const ROUND: f32 = 12582912;

/**
 * e^x of the floats from `p` to `end`, a multiple of 4, in place: within 2 ulp; 0 below -87.3, where
 * the result would be subnormal, and at most e^88.37. With n = the nearest integer to x / ln 2: 2^n
 * times the polynomial of e^(x - n ln 2), by Cephes' coefficients. pmin is one instruction, min is
 * eight; in this order it keeps NaN.
 */
export function exp(p: usize, end: usize): void {
  const highest = constant(88.3762, p);
  const lowest = constant(-87.33654, p);
  const toBase2 = constant(1.44269504, p);
  const round = constant(ROUND, p);
  // ln 2 in two parts, of which the first has few bits: n times it is exact.
  const ln2 = constant(0.693359375, p);
  const ln2Rest = constant(2.12194440e-4, p);
  const c7 = constant(1.9875691500e-4, p);
  const c6 = constant(1.3981999507e-3, p);
  const c5 = constant(8.3334519073e-3, p);
  const c4 = constant(4.1665795894e-2, p);
  const c3 = constant(1.6666665459e-1, p);
  const c2 = constant(0.5, p);
  const one = constant(1, p);
  for (; p < end; p += 16) {
    const x = v128.load(p);
    const bounded = f32x4.pmin(x, highest);
    const rounded = f32x4.add(f32x4.mul(bounded, toBase2), round);
    const n = f32x4.sub(rounded, round);
    const r = madd(n, ln2Rest, f32x4.sub(bounded, f32x4.mul(n, ln2)));
    let y = madd(c7, r, c6);
    y = madd(y, r, c5);
    y = madd(y, r, c4);
    y = madd(y, r, c3);
    y = madd(y, r, c2);
    y = madd(y, f32x4.mul(r, r), f32x4.add(r, one));
    const power = i32x4.add(i32x4.shl(rounded, 23), one); // the bits of 1, n added to their exponent
    v128.store(p, v128.andnot(f32x4.mul(y, power), f32x4.lt(x, lowest)));
  }
}

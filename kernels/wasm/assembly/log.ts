/** The natural logarithm. */

/**
 * ln x of positive normal numbers, within 2 units in the last place. x = 2^e (1 + t) with 1 + t
 * between sqrt(1/2) and sqrt(2), so that numbers near 1 keep their precision; ln(1 + t) =
 * t - t^2/2 + t^3 P(t), P fitted at Chebyshev's nodes. Never fused: the bits are those of any build.
 */
export function log(x: v128): v128 {
  const bits = i32x4.sub(x, i32x4.splat(0x3f3504f3));
  const e = f32x4.convert_i32x4_s(i32x4.shr_s(bits, 23));
  const m = i32x4.add(v128.and(bits, i32x4.splat(0x007fffff)), i32x4.splat(0x3f3504f3));
  const t = f32x4.sub(m, f32x4.splat(1));
  let p = f32x4.splat(0.0697161108);
  p = step(p, t, -0.114797339);
  p = step(p, t, 0.116854198);
  p = step(p, t, -0.124256872);
  p = step(p, t, 0.142490581);
  p = step(p, t, -0.166678026);
  p = step(p, t, 0.200007156);
  p = step(p, t, -0.24999997);
  p = step(p, t, 0.333333313);
  const square = f32x4.mul(t, t);
  // ln 2 in two parts, of which the first has few bits: its product with e is exact.
  let small = f32x4.mul(f32x4.mul(square, t), p);
  small = f32x4.add(small, f32x4.mul(e, f32x4.splat(-2.12194440e-4)));
  small = f32x4.sub(small, f32x4.mul(square, f32x4.splat(0.5)));
  return f32x4.add(f32x4.add(t, small), f32x4.mul(e, f32x4.splat(0.693359375)));
}

function step(p: v128, t: v128, coefficient: f32): v128 {
  return f32x4.add(f32x4.mul(p, t), f32x4.splat(coefficient));
}

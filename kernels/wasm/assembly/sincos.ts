/** The sine, from which the cosine follows. */

/**
 * sin(2 pi t) of t in turns, within 2 units in the last place where t is a multiple of 2^-24 between
 * -1 and 1: then what is left of half a turn is exact. cos(2 pi t) = sin(2 pi (1/4 - t)). The
 * polynomial was fitted at Chebyshev's nodes. Never fused: the bits are those of any build.
 */
export function sine(t: v128): v128 {
  const halves = f32x4.nearest(f32x4.add(t, t));
  const r = f32x4.sub(t, f32x4.mul(halves, f32x4.splat(0.5)));
  const square = f32x4.mul(r, r);
  let p = f32x4.splat(-14.3939667);
  p = step(p, square, 42.0097809);
  p = step(p, square, -76.704277);
  p = step(p, square, 81.6052246);
  p = step(p, square, -41.3417015);
  // 2 pi in two parts.
  p = step(p, square, -1.74845553e-7);
  const value = f32x4.add(f32x4.mul(r, f32x4.splat(6.28318548)), f32x4.mul(r, p));
  const odd = i32x4.shl(i32x4.trunc_sat_f32x4_s(halves), 31);
  return v128.xor(value, odd);
}

function step(p: v128, square: v128, coefficient: f32): v128 {
  return f32x4.add(f32x4.mul(p, square), f32x4.splat(coefficient));
}

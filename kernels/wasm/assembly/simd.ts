/** Four floats at a time: what every kernel needs. */

/**
 * a b + c. Fused in the relaxed build, on machines where `relaxed_madd` is fused (the host checks);
 * rounded twice in the exact build.
 */
export function madd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}

/** The sum of four lanes: (0 + 2) + (1 + 3). */
export function sum4(v: v128): f32 {
  const pairs = f32x4.add(v, v128.shuffle<f32>(v, v, 2, 3, 0, 1));
  return f32x4.extract_lane(pairs, 0) + f32x4.extract_lane(pairs, 1);
}

/** The address of element `index` of floats at `base`. */
export function at(base: usize, index: i32): usize {
  return base + (<usize> index << 2);
}

/** The first `count` (1 to 4) floats at an address, which end where memory may end. */
export function loadSome(from: usize, count: i32): v128 {
  if (count >= 4) return v128.load(from);
  let v = v128.load32_zero(from);
  if (count > 1) v = v128.load_lane<f32>(from, v, 1, 4);
  if (count > 2) v = v128.load_lane<f32>(from, v, 2, 8);
  return v;
}

/** Stores the first `count` (1 to 4) floats. */
export function storeSome(to: usize, v: v128, count: i32): void {
  if (count >= 4) {
    v128.store(to, v);
    return;
  }
  v128.store_lane<f32>(to, v, 0);
  if (count > 1) v128.store_lane<f32>(to, v, 1, 4);
  if (count > 2) v128.store_lane<f32>(to, v, 2, 8);
}

/** The largest of four lanes. */
export function max4(v: v128): f32 {
  const pairs = f32x4.max(v, v128.shuffle<f32>(v, v, 2, 3, 0, 1));
  return max(f32x4.extract_lane(pairs, 0), f32x4.extract_lane(pairs, 1));
}

/**
 * Four times `value`, for use in a loop over floats at `p`. Compilers must not know that it is constant
 * (the last bits of an address of floats are 0): V8 makes a constant anew at every use, at the price
 * of several multiply-adds. This one is made once; loops of polynomials are 2.5 times as fast.
 */
export function constant(value: f32, p: usize): v128 {
  return f32x4.splat(value + <f32> (<i32> p & 3));
}

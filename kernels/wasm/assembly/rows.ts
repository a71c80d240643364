/**
 * Rows of floats, four at a time. Products and sums are rounded one by one, so that an element's bits
 * depend neither on its place in the row nor on the build.
 */
import { at } from "./simd.ts";

/** y = x. */
export function copyRow(y: usize, x: usize, count: i32): void {
  let i = 0;
  for (; i + 4 <= count; i += 4) v128.store(at(y, i), v128.load(at(x, i)));
  for (; i < count; i++) store<f32>(at(y, i), load<f32>(at(x, i)));
}

/** y += x. */
export function addRow(y: usize, x: usize, count: i32): void {
  let i = 0;
  for (; i + 4 <= count; i += 4) {
    v128.store(at(y, i), f32x4.add(v128.load(at(y, i)), v128.load(at(x, i))));
  }
  for (; i < count; i++) store<f32>(at(y, i), load<f32>(at(y, i)) + load<f32>(at(x, i)));
}

/** y = factor x. */
export function scaleRow(y: usize, x: usize, factor: f32, count: i32): void {
  const factors = f32x4.splat(factor);
  let i = 0;
  for (; i + 4 <= count; i += 4) v128.store(at(y, i), f32x4.mul(factors, v128.load(at(x, i))));
  for (; i < count; i++) store<f32>(at(y, i), factor * load<f32>(at(x, i)));
}

/** y = a + factor b. */
export function addScaledRow(y: usize, a: usize, factor: f32, b: usize, count: i32): void {
  const factors = f32x4.splat(factor);
  let i = 0;
  for (; i + 4 <= count; i += 4) {
    const scaled = f32x4.mul(factors, v128.load(at(b, i)));
    v128.store(at(y, i), f32x4.add(v128.load(at(a, i)), scaled));
  }
  for (; i < count; i++) store<f32>(at(y, i), load<f32>(at(a, i)) + factor * load<f32>(at(b, i)));
}

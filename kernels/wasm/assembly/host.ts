/** What the host asks a build before its first tape. */
import { madd } from "./simd.ts";

/** a b + c as the kernels compute it: the host tells from the result whether it is fused. */
export function multiplyAdd(a: f32, b: f32, c: f32): f32 {
  return f32x4.extract_lane(madd(f32x4.splat(a), f32x4.splat(b), f32x4.splat(c)), 0);
}

/** The first address behind the build's own data. */
export function heapBase(): usize {
  return __heap_base;
}

/** Counter-based random numbers, see src/nn/random.ts. */
import { log } from "./log.ts";
import { at } from "./simd.ts";
import { sine } from "./sincos.ts";
import { CHUNK } from "./sizes.ts";
import { Entry } from "./tape.ts";

function hash(x: v128): v128 {
  x = i32x4.mul(v128.xor(x, i32x4.shr_u(x, 16)), i32x4.splat(0x21F0AAAD));
  x = i32x4.mul(v128.xor(x, i32x4.shr_u(x, 15)), i32x4.splat(0x735A2D97));
  return v128.xor(x, i32x4.shr_u(x, 15));
}

/** Four uniform numbers in (0, 1) of the stream whose two words lie at `keys`. */
export function uniforms(keys: usize, index: v128): v128 {
  const once = hash(
    i32x4.add(i32x4.mul(index, i32x4.splat(<i32> 0x9E3779B9)), v128.load32_splat(keys)),
  );
  const bits = i32x4.shr_u(hash(v128.xor(once, v128.load32_splat(keys, 4))), 9);
  const half = f32x4.add(f32x4.convert_i32x4_s(bits), f32x4.splat(0.5));
  return f32x4.mul(half, f32x4.splat(1.1920928955078125e-7));
}

@unmanaged
export class Normals extends Entry {
  keys: u32;
  y: u32;
  each: i32;
  /** Tiles of an example. */
  parts: i32;
}

/** y = standard normals by Box and Muller: a pair has one radius, and its angle's cosine and sine. */
export function normals(e: Normals, tile: i32, scratch: usize): void {
  const b = tile / e.parts;
  let i = (tile - b * e.parts) * CHUNK;
  const end = min(i + CHUNK, e.each);
  const keys = at(e.keys, 2 * b);
  const y = at(e.y, b * e.each);
  let index = i32x4.add(i32x4.splat(i), i32x4(0, 2, 4, 6));
  for (; i < end; i += 8) {
    const logarithm = log(uniforms(keys, index));
    const radius = f32x4.sqrt(f32x4.mul(f32x4.splat(-2), logarithm));
    const turns = uniforms(keys, i32x4.add(index, i32x4.splat(1)));
    const even = f32x4.mul(radius, sine(f32x4.sub(f32x4.splat(0.25), turns)));
    const odd = f32x4.mul(radius, sine(turns));
    const whole = i + 8 <= end;
    const to = whole ? at(y, i) : scratch;
    v128.store(to, v128.shuffle<f32>(even, odd, 0, 4, 1, 5));
    v128.store(to, v128.shuffle<f32>(even, odd, 2, 6, 3, 7), 16);
    if (!whole) memory.copy(at(y, i), scratch, <usize> (end - i) << 2);
    index = i32x4.add(index, i32x4.splat(8));
  }
}

import { at } from "./simd.ts";
import { Entry } from "./tape.ts";

/** Floats in a tile of the kernels that work element by element. */
export const CHUNK: i32 = 16384;

@unmanaged
export class Copy extends Entry {
  x: u32;
  y: u32;
  size: i32;
}

/** y = x. */
export function copy(e: Copy, tile: i32): void {
  const start = tile * CHUNK;
  const count = min(CHUNK, e.size - start);
  memory.copy(at(e.y, start), at(e.x, start), <usize> count << 2);
}

@unmanaged
export class Add extends Entry {
  x: u32;
  y: u32;
  size: i32;
}

/** y += x. */
export function add(e: Add, tile: i32): void {
  let i = tile * CHUNK;
  const end = min(i + CHUNK, e.size);
  for (; i + 4 <= end; i += 4) {
    v128.store(at(e.y, i), f32x4.add(v128.load(at(e.y, i)), v128.load(at(e.x, i))));
  }
  for (; i < end; i++) store<f32>(at(e.y, i), load<f32>(at(e.y, i)) + load<f32>(at(e.x, i)));
}

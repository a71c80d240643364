import { addRow, scaleRow } from "./rows.ts";
import { at } from "./simd.ts";
import { CHUNK } from "./sizes.ts";
import { Entry } from "./tape.ts";

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
  const start = tile * CHUNK;
  addRow(at(e.y, start), at(e.x, start), min(CHUNK, e.size - start));
}

@unmanaged
export class MaskRows extends Entry {
  x: u32;
  mask: u32;
  y: u32;
  size: i32;
  each: i32;
}

/** y = mask x, a mask an example. */
export function maskRows(e: MaskRows, tile: i32): void {
  let i = tile * CHUNK;
  const end = min(i + CHUNK, e.size);
  while (i < end) {
    const b = i / e.each;
    const stop = min(end, (b + 1) * e.each);
    scaleRow(at(e.y, i), at(e.x, i), load<f32>(at(e.mask, b)), stop - i);
    i = stop;
  }
}

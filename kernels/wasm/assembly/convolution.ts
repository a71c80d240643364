/** What turns a convolution into a matrix product, and pooling; channels come last. */
import { copyRow } from "./rows.ts";
import { at } from "./simd.ts";
import { CHUNK } from "./sizes.ts";
import { Entry } from "./tape.ts";

/** A window that slides over images. */
@unmanaged
export class Sliding extends Entry {
  x: u32;
  y: u32;
  pixelsPerTile: i32;
  /** Pixels of the result, over all images. */
  pixels: i32;
  height: i32;
  width: i32;
  channels: i32;
  outHeight: i32;
  outWidth: i32;
  tall: i32;
  wide: i32;
  stride: i32;
  above: i32;
  left: i32;
  /** Of pooling: 1 for the largest, 0 for the mean. */
  max: i32;
}

/** y = each window of x as a row, 0 outside. */
export function unfold(e: Sliding, tile: i32): void {
  const end = min((tile + 1) * e.pixelsPerTile, e.pixels);
  let y = at(e.y, tile * e.pixelsPerTile * e.tall * e.wide * e.channels);
  for (let pixel = tile * e.pixelsPerTile; pixel < end; pixel++) {
    const image = pixel / (e.outHeight * e.outWidth) * e.height;
    const top = pixel / e.outWidth % e.outHeight * e.stride - e.above;
    const start = pixel % e.outWidth * e.stride - e.left;
    for (let row = top; row < top + e.tall; row++) {
      for (let column = start; column < start + e.wide; column++) {
        if (row >= 0 && row < e.height && column >= 0 && column < e.width) {
          const from = ((image + row) * e.width + column) * e.channels;
          copyRow(y, at(e.x, from), e.channels);
        } else memory.fill(y, 0, <usize> e.channels << 2);
        y = at(y, e.channels);
      }
    }
  }
}

/** y = the largest of each window, or the mean of what lies inside the image. */
export function pool(e: Sliding, tile: i32): void {
  const end = min((tile + 1) * e.pixelsPerTile, e.pixels);
  for (let pixel = tile * e.pixelsPerTile; pixel < end; pixel++) {
    const image = pixel / (e.outHeight * e.outWidth) * e.height;
    const top = pixel / e.outWidth % e.outHeight * e.stride - e.above;
    const start = pixel % e.outWidth * e.stride - e.left;
    const firstRow = max(top, 0);
    const endRow = min(top + e.tall, e.height);
    const firstColumn = max(start, 0);
    const endColumn = min(start + e.wide, e.width);
    const count = <f32> ((endRow - firstRow) * (endColumn - firstColumn));
    for (let c = 0; c < e.channels; c++) {
      let largest: f32 = -3.4e38;
      let sum: f32 = 0;
      for (let row = firstRow; row < endRow; row++) {
        for (let column = firstColumn; column < endColumn; column++) {
          const value = load<f32>(at(e.x, ((image + row) * e.width + column) * e.channels + c));
          largest = max<f32>(largest, value);
          sum += value;
        }
      }
      store<f32>(at(e.y, pixel * e.channels + c), e.max ? largest : sum / count);
    }
  }
}

@unmanaged
export class Rectify extends Entry {
  x: u32;
  y: u32;
  size: i32;
  columns: i32;
  of: i32;
  at: i32;
}

/** max(x, 0) into columns of a wider matrix. */
export function rectify(e: Rectify, tile: i32): void {
  const start = tile * CHUNK;
  const end = min(start + CHUNK, e.size);
  for (let i = start; i < end; i++) {
    const row = i / e.columns;
    store<f32>(
      at(e.y, row * e.of + e.at + i - row * e.columns),
      max<f32>(load<f32>(at(e.x, i)), 0),
    );
  }
}

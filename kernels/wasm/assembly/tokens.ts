/** What happens to rows of tokens and latents outside of the layers. */
import { addRow, addScaledRow, copyRow } from "./rows.ts";
import { at } from "./simd.ts";
import { CHUNK } from "./sizes.ts";
import { Entry } from "./tape.ts";

@unmanaged
export class Patchify extends Entry {
  x: u32;
  y: u32;
  inverse: i32;
  rowsPerTile: i32;
  /** Rows of pixels of the whole batch. */
  rows: i32;
  channels: i32;
  frames: i32;
  height: i32;
  width: i32;
  patchFrames: i32;
  patchHeight: i32;
  patchWidth: i32;
}

/** Cuts images or clips into patches, or puts them together again, row by row. */
export function patchify(e: Patchify, tile: i32): void {
  const across = e.width / e.patchWidth;
  const down = e.height / e.patchHeight;
  const volume = e.patchFrames * e.patchHeight * e.patchWidth;
  const features = e.channels * volume;
  const tokens = e.frames / e.patchFrames * down * across;
  const end = min((tile + 1) * e.rowsPerTile, e.rows);
  for (let row = tile * e.rowsPerTile; row < end; row++) {
    const top = row % e.height;
    const frame = row / e.height % e.frames;
    const plane = row / (e.height * e.frames);
    const channel = plane % e.channels;
    const token = (frame / e.patchFrames * down + top / e.patchHeight) * across;
    const feature = channel * volume +
      (frame % e.patchFrames * e.patchHeight + top % e.patchHeight) * e.patchWidth;
    let patch = (plane / e.channels * tokens + token) * features + feature;
    let pixel = row * e.width;
    for (let k = 0; k < across; k++) {
      if (e.inverse) copyRow(at(e.y, pixel), at(e.x, patch), e.patchWidth);
      else copyRow(at(e.y, patch), at(e.x, pixel), e.patchWidth);
      pixel += e.patchWidth;
      patch += features;
    }
  }
}

@unmanaged
export class AddRows extends Entry {
  x: u32;
  table: u32;
  y: u32;
  previous: u32;
  mask: u32;
  size: i32;
  inner: i32;
}

/** y = x + table + mask previous. */
export function addRows(e: AddRows, tile: i32): void {
  let i = tile * CHUNK;
  const end = min(i + CHUNK, e.size);
  while (i < end) {
    const row = i / e.inner;
    const stop = min(end, (row + 1) * e.inner);
    const y = at(e.y, i);
    addScaledRow(y, at(e.x, i), 1, at(e.table, i - row * e.inner), stop - i);
    if (e.previous) {
      addScaledRow(y, y, load<f32>(at(e.mask, row)), at(e.previous, i), stop - i);
    }
    i = stop;
  }
}

@unmanaged
export class BeginLatents extends Entry {
  start: u32;
  time: u32;
  y: u32;
  previous: u32;
  mask: u32;
  rowsPerTile: i32;
  rows: i32;
  m: i32;
  d: i32;
}

/** y = start + mask previous + time, row by row. */
export function beginLatents(e: BeginLatents, tile: i32): void {
  const d = e.d;
  const end = min((tile + 1) * e.rowsPerTile, e.rows);
  for (let row = tile * e.rowsPerTile; row < end; row++) {
    const b = row / e.m;
    const y = at(e.y, row * d);
    copyRow(y, at(e.start, (row - b * e.m) * d), d);
    if (e.previous) addScaledRow(y, y, load<f32>(at(e.mask, b)), at(e.previous, row * d), d);
    addRow(y, at(e.time, b * d), d);
  }
}

@unmanaged
export class JoinLatents extends Entry {
  start: u32;
  token0: u32;
  token1: u32;
  y: u32;
  previous: u32;
  mask: u32;
  rowsPerTile: i32;
  rows: i32;
  m: i32;
  /** Rows of an example that come from `start`. */
  own: i32;
  d: i32;
}

/** y = (start, token0, token1) + mask previous, row by row. */
export function joinLatents(e: JoinLatents, tile: i32): void {
  const d = e.d;
  const end = min((tile + 1) * e.rowsPerTile, e.rows);
  for (let row = tile * e.rowsPerTile; row < end; row++) {
    const b = row / e.m;
    const place = row - b * e.m;
    const y = at(e.y, row * d);
    let from = at(e.start, place * d);
    if (place >= e.own) from = at(place == e.own ? e.token0 : e.token1, b * d);
    copyRow(y, from, d);
    if (e.previous) addScaledRow(y, y, load<f32>(at(e.mask, b)), at(e.previous, row * d), d);
  }
}

@unmanaged
export class GatherRows extends Entry {
  table: u32;
  rows: u32;
  y: u32;
  rowsPerTile: i32;
  batch: i32;
  n: i32;
  d: i32;
}

/** y = rows of a table, zeros where it has no such row. */
export function gatherRows(e: GatherRows, tile: i32): void {
  const end = min((tile + 1) * e.rowsPerTile, e.batch);
  for (let b = tile * e.rowsPerTile; b < end; b++) {
    const row = load<i32>(at(e.rows, b));
    const y = at(e.y, b * e.d);
    if (row < e.n) copyRow(y, at(e.table, row * e.d), e.d);
    else memory.fill(y, 0, <usize> e.d << 2);
  }
}

@unmanaged
export class GatherRowsGradient extends Entry {
  dy: u32;
  rows: u32;
  dtable: u32;
  rowsPerTile: i32;
  batch: i32;
  n: i32;
  d: i32;
}

/** Each row of dtable = the sum of the rows of dy that were taken from it, in order. */
export function gatherRowsGradient(e: GatherRowsGradient, tile: i32): void {
  const end = min((tile + 1) * e.rowsPerTile, e.n);
  for (let row = tile * e.rowsPerTile; row < end; row++) {
    const sum = at(e.dtable, row * e.d);
    memory.fill(sum, 0, <usize> e.d << 2);
    for (let b = 0; b < e.batch; b++) {
      if (load<i32>(at(e.rows, b)) == row) addRow(sum, at(e.dy, b * e.d), e.d);
    }
  }
}

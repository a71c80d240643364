/**
 * Multi-head attention. A tile is a block of queries of one head of one example: all its scores lie in
 * scratch memory, and K and V pass by in blocks of keys, packed into panels.
 */
import { rowsTimesPanels, writeRow } from "./blocks.ts";
import { exp } from "./exp.ts";
import { log } from "./log.ts";
import { packRows, packTransposed, panelBytes } from "./pack.ts";
import { at, max4, sum4 } from "./simd.ts";
import { Entry } from "./tape.ts";

@unmanaged
export class Attention extends Entry {
  q: u32;
  kv: u32;
  out: u32;
  logSum: u32;
  heads: i32;
  d: i32;
  queries: i32;
  keys: i32;
  qStride: i32;
  qStart: i32;
  kvStride: i32;
  kStart: i32;
  vStart: i32;
  scale: f32;
  /** Queries of a tile, and keys of a block. */
  rows: i32;
  columns: i32;
}

/** Scratch: panels of K or V, scores (rows, keys), results (rows, d), a panel of Q or P. */
export function attention(e: Attention, tile: i32, scratch: usize): void {
  const blocks = (e.queries + e.rows - 1) / e.rows;
  const i0 = tile % blocks * e.rows;
  const head = tile / blocks;
  const b = head / e.heads;
  const h = head % e.heads;
  const rows = min(e.rows, e.queries - i0);
  const ldq = <usize> e.qStride << 2;
  const ldkv = <usize> e.kvStride << 2;
  const lds = <usize> (e.keys + 7) / 8 * 32;
  const ldo = <usize> (e.d + 7) / 8 * 32;
  const scores = scratch + max(panelBytes(e.columns, e.d), panelBytes(e.d, e.columns));
  const results = scores + <usize> e.rows * lds;
  const strip = results + <usize> e.rows * ldo;

  const q = at(e.q, (b * e.queries + i0) * e.qStride + e.qStart + h * e.d);
  const k = at(e.kv, b * e.keys * e.kvStride + e.kStart + h * e.d);
  for (let j = 0; j < e.keys; j += e.columns) {
    const columns = min(e.columns, e.keys - j);
    packTransposed(k + <usize> j * ldkv, ldkv, columns, e.d, scratch);
    rowsTimesPanels(q, ldq, rows, scratch, columns, e.d, at(scores, j), lds, true, strip);
  }
  const logSum = at(e.logSum, head * e.queries + i0);
  softmax(scores, lds, rows, e.keys, e.scale, logSum);
  const v = at(e.kv, b * e.keys * e.kvStride + e.vStart + h * e.d);
  for (let j = 0; j < e.keys; j += e.columns) {
    const columns = min(e.columns, e.keys - j);
    packRows(v + <usize> j * ldkv, ldkv, e.d, columns, scratch);
    rowsTimesPanels(at(scores, j), lds, rows, scratch, e.d, columns, results, ldo, j == 0, strip);
  }
  let out = at(e.out, ((b * e.queries + i0) * e.heads + h) * e.d);
  for (let r = 0; r < rows; r++) {
    writeRow(results + <usize> r * ldo, out, e.d, false);
    out += <usize> (e.heads * e.d) << 2;
  }
}

/** Turns rows of scores into probabilities; writes the logarithms of their denominators. */
function softmax(
  scores: usize,
  lds: usize,
  rows: i32,
  keys: i32,
  scale: f32,
  logSum: usize,
): void {
  const scales = f32x4.splat(scale);
  const end = scores + <usize> rows * lds;
  let largest = logSum;
  for (let row = scores; row < end; row += lds) {
    for (let p = at(row, keys); p < row + lds; p += 4) store<f32>(p, -Infinity);
    let tops = v128.load(row);
    for (let p = row; p < row + lds; p += 16) tops = f32x4.pmax(tops, v128.load(p));
    const top = max4(tops) * scale;
    tops = f32x4.splat(top);
    for (let p = row; p < row + lds; p += 16) {
      v128.store(p, f32x4.sub(f32x4.mul(v128.load(p), scales), tops));
    }
    store<f32>(largest, top);
    largest += 4;
  }
  exp(scores, end);
  for (let row = scores; row < end; row += lds) {
    let sums = f32x4.splat(0);
    for (let p = row; p < row + lds; p += 16) sums = f32x4.add(sums, v128.load(p));
    const sum = sum4(sums);
    const inverse = f32x4.splat(1 / sum);
    for (let p = row; p < row + lds; p += 16) {
      v128.store(p, f32x4.mul(v128.load(p), inverse));
    }
    store<f32>(logSum, load<f32>(logSum) + f32x4.extract_lane(log(f32x4.splat(sum)), 0));
    logSum += 4;
  }
}

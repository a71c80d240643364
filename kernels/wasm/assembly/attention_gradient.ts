/**
 * The gradients of attention. A tile is one head of one example. For each block of keys and each block
 * of queries the probabilities P are computed again, from `logSum`; then, with dP = dO V',
 * dS = P (dP - delta) / sqrt(d), delta = the sum of dO O: dV += P' dO, dK += dS' Q, dQ += dS K.
 */
import { columnsTimesPanels, rowsTimesPanels, writeRow } from "./blocks.ts";
import { exp } from "./exp.ts";
import { packRows, packTransposed, PANEL_ROW, panelBytes } from "./pack.ts";
import { at, loadSome, madd, sum4 } from "./simd.ts";
import { Entry } from "./tape.ts";

@unmanaged
export class AttentionGradient extends Entry {
  q: u32;
  kv: u32;
  out: u32;
  dout: u32;
  logSum: u32;
  dq: u32;
  dkv: u32;
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
  /** Queries and keys of a block. */
  rows: i32;
  columns: i32;
}

/**
 * Scratch: panels of K', V', K, Q and dO; P and dP (rows, columns); dK and dV (columns, d); dQ (rows,
 * d); a panel of Q, dO or dS; delta (queries).
 */
export function attentionGradient(e: AttentionGradient, tile: i32, scratch: usize): void {
  const d = e.d;
  const b = tile / e.heads;
  const h = tile % e.heads;
  const ldq = <usize> e.qStride << 2;
  const ldkv = <usize> e.kvStride << 2;
  const ldo = <usize> (e.heads * d) << 2;
  const lds = <usize> e.columns << 2;
  const ldd = <usize> (d + 7) / 8 * 32;

  const kPanels = scratch;
  const vPanels = kPanels + panelBytes(e.columns, d);
  const kRows = vPanels + panelBytes(e.columns, d);
  const qRows = kRows + panelBytes(d, e.columns);
  const doutRows = qRows + panelBytes(d, e.rows);
  const p = doutRows + panelBytes(d, e.rows);
  const dp = p + <usize> e.rows * lds;
  const dk = dp + <usize> e.rows * lds;
  const dv = dk + <usize> e.columns * ldd;
  const dq = dv + <usize> e.columns * ldd;
  const strip = dq + <usize> e.rows * ldd;
  const delta = strip + <usize> max(d, e.columns) * PANEL_ROW;

  const qAt = b * e.queries * e.qStride + e.qStart + h * d;
  const kAt = b * e.keys * e.kvStride + e.kStart + h * d;
  const vAt = b * e.keys * e.kvStride + e.vStart + h * d;
  const outAt = (b * e.queries * e.heads + h) * d;
  const logSum = at(e.logSum, tile * e.queries);
  for (let i = 0; i < e.queries; i++) {
    const row = <usize> i * ldo;
    store<f32>(at(delta, i), dot(at(e.dout, outAt) + row, at(e.out, outAt) + row, d));
  }
  for (let j = 0; j < e.keys; j += e.columns) {
    const columns = min(e.columns, e.keys - j);
    const k = at(e.kv, kAt) + <usize> j * ldkv;
    const v = at(e.kv, vAt) + <usize> j * ldkv;
    packTransposed(k, ldkv, columns, d, kPanels);
    packTransposed(v, ldkv, columns, d, vPanels);
    packRows(k, ldkv, d, columns, kRows);
    for (let i = 0; i < e.queries; i += e.rows) {
      const rows = min(e.rows, e.queries - i);
      const q = at(e.q, qAt) + <usize> i * ldq;
      const dout = at(e.dout, outAt) + <usize> i * ldo;
      packRows(q, ldq, d, rows, qRows);
      packRows(dout, ldo, d, rows, doutRows);
      rowsTimesPanels(q, ldq, rows, kPanels, columns, d, p, lds, true, strip);
      rowsTimesPanels(dout, ldo, rows, vPanels, columns, d, dp, lds, true, strip);
      probabilities(p, lds, rows, e.scale, at(logSum, i));
      scoreGradients(p, dp, lds, rows, e.scale, at(delta, i));
      columnsTimesPanels(p, lds, columns, doutRows, d, rows, dv, ldd, i == 0);
      columnsTimesPanels(dp, lds, columns, qRows, d, rows, dk, ldd, i == 0);
      rowsTimesPanels(dp, lds, rows, kRows, d, columns, dq, ldd, true, strip);
      const to = at(e.dq, qAt) + <usize> i * ldq;
      for (let r = 0; r < rows; r++) {
        writeRow(dq + <usize> r * ldd, to + <usize> r * ldq, d, j > 0);
      }
    }
    for (let r = 0; r < columns; r++) {
      const from = <usize> r * ldd;
      const to = <usize> (j + r) * ldkv;
      writeRow(dk + from, at(e.dkv, kAt) + to, d, false);
      writeRow(dv + from, at(e.dkv, vAt) + to, d, false);
    }
  }
}

/** Scores become probabilities. */
function probabilities(p: usize, lds: usize, rows: i32, scale: f32, logSum: usize): void {
  const scales = f32x4.splat(scale);
  const end = p + <usize> rows * lds;
  for (let row = p; row < end; row += lds) {
    const logSums = v128.load32_splat(logSum);
    for (let x = row; x < row + lds; x += 16) {
      v128.store(x, f32x4.sub(f32x4.mul(v128.load(x), scales), logSums));
    }
    logSum += 4;
  }
  exp(p, end);
}

/** Gradients of probabilities become those of scores. */
function scoreGradients(
  p: usize,
  dp: usize,
  lds: usize,
  rows: i32,
  scale: f32,
  delta: usize,
): void {
  const scales = f32x4.splat(scale);
  for (let r = 0; r < rows; r++) {
    const deltas = v128.load32_splat(at(delta, r));
    const end = p + lds;
    for (; p < end; p += 16) {
      const gradient = f32x4.mul(f32x4.sub(v128.load(dp), deltas), scales);
      v128.store(dp, f32x4.mul(v128.load(p), gradient));
      dp += 16;
    }
  }
}

function dot(x: usize, y: usize, count: i32): f32 {
  let sums = f32x4.splat(0);
  for (let i = 0; i < count; i += 4) {
    const some = min(4, count - i);
    sums = madd(loadSome(at(x, i), some), loadSome(at(y, i), some), sums);
  }
  return sum4(sums);
}

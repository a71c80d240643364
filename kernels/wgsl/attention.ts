/**
 * Multi-head attention, softmax(q k' / sqrt(d)) v, forward and adjoint, with memory linear in the
 * number of tokens: no score is ever stored (Dao et al. 2022, arXiv 2205.14135).
 *
 * q, k and v can be columns of wider matrices (a packed projection), so each has a row stride and a
 * first column. An invocation owns one query (or one key) of one head, its vectors in registers.
 *
 * @module
 */
import type { AttentionSizes } from "../shapes.ts";
import {
  forEach,
  laneSum,
  laneType,
  laneWidth,
  type Launch,
  launch,
  linearGrid,
  read,
  unroll,
  write,
} from "./kernel.ts";

interface Lanes {
  readonly width: 1 | 4;
  readonly lane: string;
  readonly array: string;
  readonly count: number;
  readonly params: Record<string, number>;
}

function lanes(shape: AttentionSizes): Lanes {
  const { heads, d, queries, keys, qStride, qStart, kvStride, kStart, vStart } = shape;
  const width = laneWidth(d, qStride, qStart, kvStride, kStart, vStart);
  const lane = laneType(width);
  return {
    width,
    lane,
    array: `array<${lane}>`,
    count: d / width,
    params: {
      heads,
      queries,
      keys,
      qStride: qStride / width,
      qStart: qStart / width,
      kvStride: kvStride / width,
      kStart: kStart / width,
      vStart: vStart / width,
    },
  };
}

/** WGSL: sum over a head of the products of two sets of named registers or memory. */
function dots({ count, width }: Lanes, a: (n: number) => string, b: (n: number) => string): string {
  const terms = unroll(count, (n) => `${a(n)} * ${b(n)}`, " + ");
  return laneSum(width, `(${terms})`);
}

/** WGSL: the query (or key), head and example that invocation i owns. */
const owner = (rows: "queries" | "keys") =>
  `  let row = i % p.${rows};
  let h = (i / p.${rows}) % p.heads;
  let b = i / (p.${rows} * p.heads);`;

const scaleOf = (d: number) => `${(1 / Math.sqrt(d)).toPrecision(9)}`;

/** Flops of `products` products of all queries with all keys. */
const flopsOf = ({ batch, heads, d, queries, keys }: AttentionSizes, products: number) =>
  2 * products * batch * heads * d * queries * keys;

/**
 * Binds q, kv, out (batch, queries, heads * d), and logSum (batch, heads, queries): the logarithm
 * of each softmax's denominator, which the adjoint needs. One pass over the keys, the running sum
 * rescaled whenever the running maximum grows.
 */
export function attention(shape: AttentionSizes): Launch {
  const l = lanes(shape);
  const { count, lane, array } = l;
  const total = shape.batch * shape.heads * shape.queries;
  return launch(
    "attention",
    { total, ...l.params },
    [read("q", array), read("kv", array), write("out", array), write("logSum")],
    linearGrid(total),
    forEach(
      "p.total",
      `
${owner("queries")}
  let qAt = (b * p.queries + row) * p.qStride + p.qStart + h * ${count}u;
  ${unroll(count, (n) => `let q${n} = q[qAt + ${n}u] * ${scaleOf(shape.d)};`, " ")}
  ${unroll(count, (n) => `var o${n} = ${lane}();`, " ")}
  var top = -3.0e38;
  var sum = 0.0;
  for (var j = 0u; j < p.keys; j++) {
    let at = (b * p.keys + j) * p.kvStride + h * ${count}u;
    let kAt = at + p.kStart;
    let vAt = at + p.vStart;
    let score = ${dots(l, (n) => `q${n}`, (n) => `kv[kAt + ${n}u]`)};
    let next = max(top, score);
    let keep = exp(top - next);
    let weight = exp(score - next);
    top = next;
    sum = sum * keep + weight;
    ${unroll(count, (n) => `o${n} = o${n} * keep + weight * kv[vAt + ${n}u];`, " ")}
  }
  let outAt = ((b * p.queries + row) * p.heads + h) * ${count}u;
  ${unroll(count, (n) => `out[outAt + ${n}u] = o${n} / sum;`, " ")}
  logSum[i] = top + log(sum);`,
    ),
    flopsOf(shape, 2),
  );
}

/**
 * The gradient of q, and delta (batch, heads, queries) = sum(dout * out), which the gradient of k
 * and v needs. Binds q, kv, out, dout, logSum, dq (laid out as q), delta.
 */
export function attentionQueryGradient(shape: AttentionSizes): Launch {
  const l = lanes(shape);
  const { count, lane, array } = l;
  const total = shape.batch * shape.heads * shape.queries;
  const scale = scaleOf(shape.d);
  return launch(
    "attention: dq",
    { total, ...l.params },
    [
      read("q", array),
      read("kv", array),
      read("out", array),
      read("dout", array),
      read("logSum"),
      write("dq", array),
      write("delta"),
    ],
    linearGrid(total),
    forEach(
      "p.total",
      `
${owner("queries")}
  let qAt = (b * p.queries + row) * p.qStride + p.qStart + h * ${count}u;
  let outAt = ((b * p.queries + row) * p.heads + h) * ${count}u;
  ${unroll(count, (n) => `let q${n} = q[qAt + ${n}u] * ${scale};`, " ")}
  ${unroll(count, (n) => `let g${n} = dout[outAt + ${n}u];`, " ")}
  ${unroll(count, (n) => `var d${n} = ${lane}();`, " ")}
  let mean = ${dots(l, (n) => `g${n}`, (n) => `out[outAt + ${n}u]`)};
  let denominator = logSum[i];
  for (var j = 0u; j < p.keys; j++) {
    let at = (b * p.keys + j) * p.kvStride + h * ${count}u;
    let vAt = at + p.vStart;
    ${unroll(count, (n) => `let k${n} = kv[at + p.kStart + ${n}u];`, " ")}
    let weight = exp(${dots(l, (n) => `q${n}`, (n) => `k${n}`)} - denominator);
    let ds = weight * (${dots(l, (n) => `g${n}`, (n) => `kv[vAt + ${n}u]`)} - mean);
    ${unroll(count, (n) => `d${n} += ds * k${n};`, " ")}
  }
  ${unroll(count, (n) => `dq[qAt + ${n}u] = d${n} * ${scale};`, " ")}
  delta[i] = mean;`,
    ),
    flopsOf(shape, 3),
  );
}

/** The gradients of k and v. Binds q, kv, dout, logSum, delta, dkv (laid out as kv). */
export function attentionKeyGradient(shape: AttentionSizes): Launch {
  const l = lanes(shape);
  const { count, lane, array } = l;
  const total = shape.batch * shape.heads * shape.keys;
  const scale = scaleOf(shape.d);
  return launch(
    "attention: dk, dv",
    { total, ...l.params },
    [
      read("q", array),
      read("kv", array),
      read("dout", array),
      read("logSum"),
      read("delta"),
      write("dkv", array),
    ],
    linearGrid(total),
    forEach(
      "p.total",
      `
${owner("keys")}
  let at = (b * p.keys + row) * p.kvStride + h * ${count}u;
  let kAt = at + p.kStart;
  let vAt = at + p.vStart;
  ${unroll(count, (n) => `let k${n} = kv[kAt + ${n}u] * ${scale};`, " ")}
  ${unroll(count, (n) => `let v${n} = kv[vAt + ${n}u];`, " ")}
  ${unroll(count, (n) => `var dk${n} = ${lane}();`, " ")}
  ${unroll(count, (n) => `var dv${n} = ${lane}();`, " ")}
  for (var j = 0u; j < p.queries; j++) {
    let qAt = (b * p.queries + j) * p.qStride + p.qStart + h * ${count}u;
    let outAt = ((b * p.queries + j) * p.heads + h) * ${count}u;
    let sumAt = (b * p.heads + h) * p.queries + j;
    ${unroll(count, (n) => `let q${n} = q[qAt + ${n}u];`, " ")}
    ${unroll(count, (n) => `let g${n} = dout[outAt + ${n}u];`, " ")}
    let weight = exp(${dots(l, (n) => `q${n}`, (n) => `k${n}`)} - logSum[sumAt]);
    let ds = weight * (${dots(l, (n) => `g${n}`, (n) => `v${n}`)} - delta[sumAt]);
    ${unroll(count, (n) => `dv${n} += weight * g${n};`, " ")}
    ${unroll(count, (n) => `dk${n} += ds * q${n};`, " ")}
  }
  ${unroll(count, (n) => `dkv[kAt + ${n}u] = dk${n} * ${scale};`, " ")}
  ${unroll(count, (n) => `dkv[vAt + ${n}u] = dv${n};`, " ")}`,
    ),
    flopsOf(shape, 4),
  );
}

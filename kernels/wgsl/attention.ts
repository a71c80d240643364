/**
 * Multi-head attention, softmax(q k' / sqrt(d)) v, with memory linear in the number of tokens: no
 * score is ever stored (Dao et al. 2022, arXiv 2205.14135).
 *
 * q, k and v can be columns of wider matrices (a packed projection), so each has a row stride and a
 * first column.
 *
 * @module
 */
import type { AttentionSizes } from "../shapes.ts";
import { products } from "./attention_products.ts";
import { type AttentionTile, attentionTileFor, keysOfPart, OTHERS } from "./attention_tiles.ts";
import { input, type OperandTypes, output } from "./operand.ts";
import {
  forEach,
  laneType,
  laneWidth,
  type Launch,
  launch,
  linearGrid,
  read,
  unroll,
  write,
} from "./kernel.ts";

/** Flops of `count` products of all queries with all keys. */
export function attentionFlops(shape: AttentionSizes, count: number): number {
  const { batch, heads, d, queries, keys } = shape;
  return 2 * count * batch * heads * d * queries * keys;
}

/** WGSL: what makes a score q k' a power of two in the softmax. */
export const powerOf = (d: number): string => `${(Math.LOG2E / Math.sqrt(d)).toPrecision(9)}`;

/**
 * Binds q, kv, out (batch, queries, heads * d), and logSum (batch, heads, queries): the logarithm
 * of each softmax's denominator, which the adjoint needs. One pass over the keys, 32 at a time, the
 * running sums rescaled to the largest score so far.
 *
 * Where the keys go into several parts (`keysOfPart`), out and logSum are (parts, ...), of the keys
 * of each, for {@linkcode attentionMerge}.
 *
 * @param tile default: by the sizes. The bits of the result don't depend on it
 */
export function attention(
  shape: AttentionSizes & { readonly types?: OperandTypes<"q" | "kv" | "out"> },
  tile?: AttentionTile,
): Launch {
  const { batch, heads, d, queries, keys } = shape;
  const part = keysOfPart(shape);
  const parts = Math.ceil(keys / part);
  const chosen = tile ?? attentionTileFor(queries, batch * heads * parts, d);
  const t = products(shape, chosen, "queries", shape.types ?? {});
  return launch(
    "attention",
    { ...t.params, part, batch },
    [t.read("q"), t.read("kv"), t.write("out"), write("logSum")],
    [t.tiles * parts, heads, batch],
    t.text(
      ["q", "k", "v"],
      ["out"],
      `  let index = group.x / p.tiles;
  let example = index * p.batch + b;
  let end = min(p.keys, (index + 1u) * p.part);
  ${t.declareSums("o")}
  var top = ${t.vector}(-3.0e38);
  var sum = ${t.vector}();
  for (var begin = index * p.part; begin < end; begin += ${OTHERS}u) {
    ${t.scores("s", "q", "k")}
    ${unroll(t.each, (c) => `let in${c} = ${t.other(c)} < end;`, " ")}
    ${t.eachScore((r, c) => `s${r}_${c} = select(-3.0e38, s${r}_${c} * ${powerOf(d)}, in${c});`)}
    let before = top;
    ${unroll(t.each, (c) => `top = max(top, ${t.vectorOf((r) => `s${r}_${c}`)});`, " ")}
    ${t.exchange("top", chosen.across, (other) => `top = max(top, ${other});`)}
    let keep = exp2(before - top);
    ${t.weigh((c) => t.vectorOf((r) => `exp2(s${r}_${c} - ${t.part("top", r)})`))}
    sum *= keep;
    ${t.eachSum("o", (quad, r) => `${quad} *= ${t.part("keep", r)};`)}
    ${t.sums("o", "v", false)}
    ${t.sumWeights("sum")}
  }
  var whole = ${t.vector}();
  ${t.exchange("sum", 8, (other) => `whole += ${other};`)}
  ${t.store("o", "out", (quad, r) => `${quad} / ${t.part("whole", r)}`, "example")}
  ${
        t.eachRow((r, at) =>
          `logSum[(example * p.heads + h) * p.queries + ${at}] = (${t.part("top", r)} + log2(${
            t.part("whole", r)
          })) * ${Math.LN2.toPrecision(9)};`
        )
      }`,
    ),
    attentionFlops(shape, 2),
  );
}

/**
 * Puts the parts of an {@linkcode attention} together, in order. Binds partOut (parts, batch,
 * queries, heads * d), partLogSum (parts, batch, heads, queries), out, logSum.
 */
export function attentionMerge(
  shape: AttentionSizes & { readonly types?: OperandTypes<"out"> },
): Launch {
  const { batch, heads, d, queries, keys } = shape;
  const width = laneWidth(d);
  const out = output("out", width, shape.types?.out);
  const count = batch * queries * heads * d / width;
  return launch(
    "attention: merge",
    {
      ...{ count, heads, queries, rows: batch * heads * queries, d: d / width },
      parts: Math.ceil(keys / keysOfPart(shape)),
    },
    [input("partOut", width).binding, read("partLogSum"), out.binding, write("logSum")],
    linearGrid(count),
    forEach(
      "p.count",
      `
  let h = (i / p.d) % p.heads;
  let token = i / (p.d * p.heads);
  let row = ((token / p.queries) * p.heads + h) * p.queries + token % p.queries;
  var top = partLogSum[row];
  for (var part = 1u; part < p.parts; part++) { top = max(top, partLogSum[part * p.rows + row]); }
  var sum = 0.0;
  var value = ${laneType(width)}();
  for (var part = 0u; part < p.parts; part++) {
    let weight = exp(partLogSum[part * p.rows + row] - top);
    sum += weight;
    value += weight * partOut[part * p.count + i];
  }
  ${out.put("i", "value / sum")}
  if (i % p.d == 0u) { logSum[row] = top + log(sum); }`,
    ),
  );
}

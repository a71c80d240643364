/**
 * The gradients of attention. Both compute the scores again, from logSum.
 *
 * @module
 */
import type { AttentionSizes } from "../shapes.ts";
import { attentionFlops, powerOf } from "./attention.ts";
import { products } from "./attention_products.ts";
import { type AttentionTile, attentionTileFor, OTHERS } from "./attention_tiles.ts";
import { type Launch, launch, read, unroll, write } from "./kernel.ts";
import type { OperandTypes } from "./operand.ts";

const scaleOf = (d: number) => (1 / Math.sqrt(d)).toPrecision(9);

/**
 * The gradient of q, and delta (batch, heads, queries) = sum(dout * out), which the gradient of k
 * and v needs. Binds q, kv, out, dout, logSum, dq (laid out as q), delta.
 *
 * @param tile default: by the sizes. The bits of the result don't depend on it
 */
export function attentionQueryGradient(
  shape: AttentionSizes & { readonly types?: OperandTypes<"q" | "kv" | "out" | "dout" | "dq"> },
  tile?: AttentionTile,
): Launch {
  const { batch, heads, d, queries } = shape;
  const chosen = tile ?? attentionTileFor(queries, batch * heads, d + OTHERS);
  const { rows } = chosen;
  const t = products(shape, chosen, "queries", shape.types ?? {});
  const at = (r: number) =>
    `(b * p.heads + h) * p.queries + min(first + y * ${rows}u + ${r}u, p.queries - 1u)`;
  const weight = (r: number, c: number) =>
    `select(0.0, exp2(s${r}_${c} * ${powerOf(d)} - ${t.part("denominator", r)}), in${c})`;
  return launch(
    "attention: dq",
    t.params,
    [
      t.read("q"),
      t.read("kv"),
      t.read("out"),
      t.read("dout"),
      read("logSum"),
      t.write("dq"),
      write("delta"),
    ],
    [t.tiles, heads, batch],
    t.text(
      ["q", "k", "v", "out", "dout"],
      ["dq"],
      `  ${t.ownDots("dot", "dout", "out")}
  var mean = ${t.vector}();
  ${t.exchange(t.vectorOf((r) => `dot${r}`), 8, (other) => `mean += ${other};`)}
  let denominator = ${t.vectorOf((r) => `logSum[${at(r)}]`)} * ${Math.LOG2E};
  ${t.declareSums("d")}
  let end = p.keys;
  for (var begin = 0u; begin < end; begin += ${OTHERS}u) {
    ${t.scores("t", "dout", "v")}
    ${t.scores("s", "q", "k")}
    ${unroll(t.each, (c) => `let in${c} = ${t.other(c)} < end;`, " ")}
    ${t.eachScore((r, c) => `t${r}_${c} = ${weight(r, c)} * (t${r}_${c} - ${t.part("mean", r)});`)}
    workgroupBarrier();
    ${t.weigh((c) => t.vectorOf((r) => `t${r}_${c}`))}
    ${t.sums("d", "k", true)}
  }
  ${t.store("d", "dq", (quad) => `${quad} * ${scaleOf(d)}`)}
  ${t.eachRow((r, at) => `delta[(b * p.heads + h) * p.queries + ${at}] = ${t.part("mean", r)};`)}`,
    ),
    attentionFlops(shape, 3),
  );
}

/**
 * The gradients of k and v. Binds q, kv, dout, logSum, delta, dkv (laid out as kv).
 *
 * @param tile default: by the sizes. The bits of the result don't depend on it
 */
export function attentionKeyGradient(
  shape: AttentionSizes & { readonly types?: OperandTypes<"q" | "kv" | "dout" | "dkv"> },
  tile?: AttentionTile,
): Launch {
  const { batch, heads, d, keys } = shape;
  const chosen = tile ?? attentionTileFor(keys, batch * heads, 2 * d);
  const t = products(shape, chosen, "keys", shape.types ?? {});
  return launch(
    "attention: dk, dv",
    t.params,
    [
      t.read("q"),
      t.read("kv"),
      t.read("dout"),
      read("logSum"),
      read("delta"),
      t.write("dkv"),
    ],
    [t.tiles, heads, batch],
    t.text(
      ["q", "k", "v", "dout"],
      ["dk", "dv"],
      `  ${t.declareSums("dk")}
  ${t.declareSums("dv")}
  let end = p.queries;
  for (var begin = 0u; begin < end; begin += ${OTHERS}u) {
    ${t.scores("t", "v", "dout")}
    ${t.scores("s", "k", "q")}
    ${
        unroll(
          t.each,
          (c) =>
            `let in${c} = ${t.other(c)} < end;
    let at${c} = (b * p.heads + h) * p.queries + min(${t.other(c)}, p.queries - 1u);
    let denominator${c} = logSum[at${c}] * ${Math.LOG2E};
    let mean${c} = delta[at${c}];`,
        )
      }
    ${
        t.eachScore((r, c) =>
          `s${r}_${c} = select(0.0, exp2(s${r}_${c} * ${
            powerOf(d)
          } - denominator${c}), in${c}); t${r}_${c} = s${r}_${c} * (t${r}_${c} - mean${c});`
        )
      }
    workgroupBarrier();
    ${t.weigh((c) => t.vectorOf((r) => `t${r}_${c}`))}
    ${t.sums("dk", "q", true)}
    workgroupBarrier();
    ${t.weigh((c) => t.vectorOf((r) => `s${r}_${c}`))}
    ${t.sums("dv", "dout", false)}
  }
  ${t.store("dk", "dk", (quad) => `${quad} * ${scaleOf(d)}`)}
  ${t.store("dv", "dv", (quad) => quad)}`,
    ),
    attentionFlops(shape, 4),
  );
}

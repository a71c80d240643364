/**
 * Multi-head attention with the parameters of torch.nn.MultiheadAttention, as wide as its `out_proj`
 * takes it.
 *
 * @module
 */
import type { Plan } from "../graph/plan.ts";
import { type Tensor, view } from "../graph/tensor.ts";
import { attention, type Columns } from "../nn/attention.ts";
import { linear, type LinearParameters } from "../nn/linear.ts";
import type { Weights } from "./weights.ts";

/**
 * residual + MHA(q = query, k = v = context). Keys and values come from one product; in
 * self-attention (query is context) queries come from it too.
 */
export function multiHeadAttention(
  plan: Plan<string>,
  weights: Weights,
  name: string,
  { query, context, residual, heads }: {
    query: Tensor;
    context: Tensor;
    residual?: Tensor;
    heads: number;
  },
): Tensor {
  const outward = weights.linear(`${name}.out_proj`);
  const [, width] = outward.weight.shape;
  const { q, k, v } = query === context
    ? projectTogether(plan, weights, name, query, width)
    : projectApart(plan, weights, name, query, context, width);
  const attended = attention(plan, { q, k, v, width, heads });
  return linear(plan, attended, outward, residual);
}

interface Projections {
  readonly q: Columns;
  readonly k: Columns;
  readonly v: Columns;
}

function projectTogether(
  plan: Plan<string>,
  weights: Weights,
  name: string,
  x: Tensor,
  width: number,
): Projections {
  const matrix = linear(plan, x, {
    // q_proj_weight, k_proj_weight and v_proj_weight lie side by side, see parameters.ts.
    weight: weights.has(`${name}.in_proj_weight`)
      ? weights.get(`${name}.in_proj_weight`)
      : weights.get(`${name}.q_proj_weight`, [3 * width, width]),
    bias: weights.get(`${name}.in_proj_bias`),
  });
  return {
    q: { matrix, start: 0 },
    k: { matrix, start: width },
    v: { matrix, start: 2 * width },
  };
}

function projectApart(
  plan: Plan<string>,
  weights: Weights,
  name: string,
  query: Tensor,
  context: Tensor,
  width: number,
): Projections {
  const bias = weights.get(`${name}.in_proj_bias`);
  const part = (weight: Tensor, row: number, rows: number): LinearParameters => ({
    weight,
    bias: view(bias, row, [rows]),
  });
  const keyWidth = context.shape.at(-1)!;
  const together = `${name}.in_proj_weight`;
  const packed = weights.has(together) ? weights.get(together) : undefined;
  const q = packed ? view(packed, 0, [width, width]) : weights.get(`${name}.q_proj_weight`);
  // And so do the latter two.
  const kv = packed
    ? view(packed, width * width, [2 * width, width])
    : weights.get(`${name}.k_proj_weight`, [2 * width, keyWidth]);
  const queries = linear(plan, query, part(q, 0, width));
  const matrix = linear(plan, context, part(kv, width, 2 * width));
  return {
    q: { matrix: queries, start: 0 },
    k: { matrix, start: 0 },
    v: { matrix, start: width },
  };
}

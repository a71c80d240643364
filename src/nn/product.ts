/**
 * Matrix products as the adapter likes them.
 *
 * @module
 */
import { epilogue, type EpilogueOptions, hasEpilogue } from "../../kernels/epilogue.ts";
import { matmulOuter } from "../../kernels/matmul_outer.ts";
import { type Layout, matmulTiled } from "../../kernels/matmul_tiled.ts";
import { sumMiddle } from "../../kernels/reduce.ts";
import { transpose, transposedStride } from "../../kernels/transpose.ts";
import { originOf, type Plan, type Tensor, typeOf } from "../gpu/plan.ts";

/** A product out (m, n) = a b, summed over k, its operands laid out as `layout` says. */
export interface Product extends Omit<EpilogueOptions, "residual"> {
  readonly layout: Layout;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly a: Tensor;
  readonly b: Tensor;
  readonly out: Tensor;
  /** (n). */
  readonly bias?: Tensor;
  /** (m, n). */
  readonly residual?: Tensor;
  /** (m, n): written for `activation`, read for `derivative`. */
  readonly pre?: Tensor;
  /** (m): the sums of a's columns, for layout tn. */
  readonly sums?: Tensor;
}

/** Records a product: one kernel on GPUs; on software adapters transpositions, product, epilogue. */
export function product(plan: Plan, operands: Product): void {
  if (plan.adapter === "software") outer(plan, operands);
  else tiled(plan, operands);
}

const originsOf = (
  { a, b, out, bias, sums }: Record<"a" | "b" | "out", Tensor> & Partial<Product>,
) => ({
  a: originOf(a),
  b: originOf(b),
  out: originOf(out),
  bias: bias && originOf(bias),
  sums: sums && originOf(sums),
});

function tiled(plan: Plan, operands: Product): void {
  const { layout, m, n, k, a, b, out, bias, residual, pre, sums } = operands;
  const { activation, derivative, accumulate } = operands;
  const launch = matmulTiled({
    layout,
    m,
    n,
    k,
    activation,
    derivative,
    accumulate,
    bias: bias !== undefined,
    residual: residual !== undefined,
    columnSums: sums !== undefined,
    types: { b: typeOf(b), bias: bias && typeOf(bias) },
    origins: originsOf(operands),
  });
  const rest = derivative ? [bias, residual, pre, out] : [bias, residual, out, pre];
  plan.dispatch(launch, [a, b, ...rest, sums]);
}

function outer(plan: Plan, operands: Product): void {
  const { layout, m, n, k, out, bias, residual, pre, sums } = operands;
  const { activation, derivative, accumulate } = operands;
  // Outer products want k to be the slow axis of both operands.
  const a = layout === "tn"
    ? { tensor: operands.a, stride: m }
    : transposed(plan, operands.a, m, k, false);
  const b = layout === "nt"
    ? transposed(plan, operands.b, n, k, operands.b.storage !== undefined)
    : { tensor: operands.b, stride: n };
  const after: EpilogueOptions = {
    activation,
    derivative,
    accumulate,
    residual: residual !== undefined,
  };
  const finished = !hasEpilogue(after);
  // What an activation is applied to is kept anyway.
  const raw = finished ? out : activation ? pre! : plan.activation([m, n]);
  const other = bias ?? b.tensor;
  const launch = matmulOuter({
    m,
    n,
    k,
    bias: bias !== undefined,
    types: { b: typeOf(b.tensor), bias: typeOf(other) },
    strides: { a: a.stride, b: b.stride },
    origins: originsOf({ a: a.tensor, b: b.tensor, out: raw, bias }),
  });
  plan.dispatch(launch, [a.tensor, b.tensor, other, raw]);
  if (sums) {
    plan.dispatch(
      sumMiddle({ outer: 1, middle: k, inner: m, origin: originOf(sums) }),
      [operands.a, sums],
    );
  }
  if (finished) return;
  plan.dispatch(
    epilogue({ size: m * n, origin: originOf(out), ...after }),
    [raw, residual, derivative && pre, out],
  );
}

/**
 * A parameter is transposed once in a plan, however many products use it (`shared`); not so what an
 * operation gives or a gradient, which may be added to after its first use.
 */
function transposed(
  plan: Plan,
  x: Tensor,
  rows: number,
  columns: number,
  shared: boolean,
): { tensor: Tensor; stride: number } {
  const stride = transposedStride(rows);
  const make = () => {
    const tensor = plan.activation([columns, stride]);
    plan.dispatch(transpose({ rows, columns, origin: originOf(x), type: typeOf(x) }), [x, tensor]);
    return tensor;
  };
  return { tensor: shared ? plan.derived(x, make) : make(), stride };
}

/**
 * What turns images into tokens, and what the latents begin as.
 *
 * @module
 */
import {
  gatherRows as gatherKernel,
  gatherRowsGradient,
  joinLatents as joinKernel,
} from "../../kernels/conditioning.ts";
import {
  addRows as addRowsKernel,
  beginLatents as beginKernel,
  copy,
  maskRows,
  type PatchedAxis,
  patches,
} from "../../kernels/elementwise.ts";
import { sumMiddle } from "../../kernels/reduce.ts";
import { originOf, type Plan, type Tensor, typeOf } from "../gpu/plan.ts";

/**
 * Images (batch, 3, y, x) or clips (batch, 3, time, y, x) as patches (batch, tokens, features): tokens
 * row-major over the grid, features ordered (c, y, x) or (c, time, y, x).
 *
 * @param patch sides of a patch along the axes after the channels
 */
export function patchify(plan: Plan, x: Tensor, patch: readonly number[]): Tensor {
  const [batch] = x.shape;
  const features = 3 * patch.reduce((a, b) => a * b, 1);
  const y = plan.activation([batch, x.size / batch / features, features], [x]);
  plan.dispatch(patches({ batch, axes: patchedAxes(x, patch), inverse: false }), [x, y]);
  return y;
}

/** The inverse of {@linkcode patchify}: patches put together as images or clips (batch, ...shape). */
export function depatchify(
  plan: Plan,
  x: Tensor,
  shape: readonly number[],
  patch: readonly number[],
): Tensor {
  const [batch] = x.shape;
  const y = plan.activation([batch, ...shape], [x]);
  const axes = patchedAxes(y, patch);
  plan.dispatch(patches({ batch, axes, inverse: true }), [x, y]);
  plan.onBackward(y, (dy) => {
    const gradient = plan.fresh(x);
    plan.dispatch(patches({ batch, axes, inverse: false }), [dy, gradient]);
  });
  return y;
}

function patchedAxes({ shape }: Tensor, patch: readonly number[]): PatchedAxis[] {
  return shape.slice(2).map((length, axis) => ({ length, patch: patch[axis] }));
}

/** What an earlier pass left, and the examples for which it counts. */
export interface Warm {
  /** (batch, ...). */
  readonly values: Tensor;
  /** (batch): 1 or 0. */
  readonly mask: Tensor;
}

/** x (batch, n, d) + table (n, d), plus the warm values (batch, n, d) of examples whose mask is 1. */
export function addRows(plan: Plan, x: Tensor, table: Tensor, warm?: Warm): Tensor {
  const inner = table.size;
  const outer = x.size / inner;
  const y = plan.activation(x.shape, [x, table, warm?.values]);
  plan.dispatch(
    addRowsKernel({ outer, inner, warm: warm !== undefined, type: typeOf(table) }),
    [x, table, warm?.values, warm?.mask, y],
  );
  plan.onBackward(y, (dy) => {
    if (table.tracked) sumInto(plan, dy, { outer: 1, middle: outer, inner }, table);
    passMasked(plan, dy, warm);
    plan.pass(dy, x);
  });
  return y;
}

/**
 * The latents that a pass begins with, (batch, m, d): start (m, d), plus time (batch, d) for each
 * latent, plus the warm latents for the examples whose mask is 1.
 */
export function beginLatents(
  plan: Plan,
  { start, time, warm }: { start: Tensor; time: Tensor; warm?: Warm },
): Tensor {
  const [m, d] = start.shape.slice(-2);
  const [batch] = time.shape;
  const y = plan.activation([batch, m, d], [start, warm?.values, time]);
  plan.dispatch(
    beginKernel({ batch, m, d, warm: warm !== undefined, type: typeOf(start) }),
    [start, time, warm?.values, warm?.mask, y],
  );
  plan.onBackward(y, (dy) => {
    if (start.tracked) sumInto(plan, dy, { outer: 1, middle: batch, inner: m * d }, start);
    if (time.tracked) sumInto(plan, dy, { outer: batch, middle: m, inner: d }, time);
    passMasked(plan, dy, warm);
  });
  return y;
}

/**
 * The latents that a pass begins with, (batch, own + tokens, d): start (own, d), then the example's
 * own tokens, each (batch, d); plus the warm latents for the examples whose mask is 1.
 */
export function joinLatents(
  plan: Plan,
  { start, tokens, warm }: {
    start: Tensor;
    tokens: readonly [Tensor] | readonly [Tensor, Tensor];
    warm?: Warm;
  },
): Tensor {
  const [own, d] = start.shape.slice(-2);
  const [batch] = tokens[0].shape;
  const m = own + tokens.length;
  const y = plan.activation([batch, m, d], [start, ...tokens, warm?.values]);
  plan.dispatch(
    joinKernel({
      batch,
      m,
      d,
      tokens: tokens.length,
      warm: warm !== undefined,
      type: typeOf(start),
    }),
    [start, ...tokens, warm?.values, warm?.mask, y],
  );
  plan.onBackward(y, (dy) => {
    const stride = m * d;
    if (start.tracked) {
      sumInto(plan, dy, { outer: 1, middle: batch, inner: own * d, stride }, start);
    }
    tokens.forEach((token, i) => {
      if (!token.tracked) return;
      sumInto(plan, dy, { outer: batch, middle: 1, inner: d, stride, start: (own + i) * d }, token);
    });
    passMasked(plan, dy, warm);
  });
  return y;
}

/** Row rows[b] (u32) of a table (n, d), for each example: (batch, d). */
export function gatherRows(plan: Plan, table: Tensor, rows: Tensor): Tensor {
  const [n, d] = table.shape;
  const batch = rows.size;
  const y = plan.activation([batch, d], [table]);
  plan.dispatch(gatherKernel({ batch, d, type: typeOf(table) }), [table, rows, y]);
  plan.onBackward(y, (dy) => {
    plan.dispatch(gatherRowsGradient({ batch, n, d }), [dy, rows, plan.fresh(table)]);
  });
  return y;
}

/** Keeps an activation in memory that outlives the replay. */
export function keep(plan: Plan, x: Tensor, to: Tensor): void {
  plan.dispatch(copy({ size: x.size }), [x, to]);
}

/** The share of a gradient that belongs to warm values. */
function passMasked(plan: Plan, dy: Tensor, warm?: Warm): void {
  if (!warm?.values.tracked) return;
  const batch = warm.mask.size;
  plan.dispatch(
    maskRows({ batch, each: dy.size / batch }),
    [dy, warm.mask, plan.fresh(warm.values)],
  );
}

function sumInto(
  plan: Plan,
  x: Tensor,
  axes: { outer: number; middle: number; inner: number; stride?: number; start?: number },
  to: Tensor,
): void {
  const { gradient, accumulate } = plan.share(to);
  plan.dispatch(sumMiddle({ ...axes, accumulate, origin: originOf(gradient) }), [x, gradient]);
}

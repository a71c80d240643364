/**
 * What turns images into tokens, and what the latents begin as.
 *
 * @module
 */
import {
  addRows as addRowsKernel,
  beginLatents as beginKernel,
  copy,
  maskRows,
  patches,
} from "../../kernels/elementwise.ts";
import { sumMiddle } from "../../kernels/reduce.ts";
import { originOf, type Plan, type Tensor } from "../gpu/plan.ts";

/** Images (batch, 3, s, s) as patches (batch, (s/patch)^2, 3*patch^2), features (c, y, x). */
export function patchify(plan: Plan, x: Tensor, patch: number): Tensor {
  const [batch, , s] = x.shape;
  const side = s / patch;
  const y = plan.activation([batch, side * side, 3 * patch * patch], [x]);
  plan.dispatch(patches({ batch, s, patch, inverse: false }), [x, y]);
  return y;
}

/** The inverse of {@linkcode patchify}: patches put together as images (batch, 3, s, s). */
export function depatchify(plan: Plan, x: Tensor, s: number, patch: number): Tensor {
  const [batch] = x.shape;
  const y = plan.activation([batch, 3, s, s], [x]);
  plan.dispatch(patches({ batch, s, patch, inverse: true }), [x, y]);
  plan.onBackward(y, (dy) => {
    const gradient = plan.fresh(x);
    plan.dispatch(patches({ batch, s, patch, inverse: false }), [dy, gradient]);
  });
  return y;
}

/** x (batch, n, d) + table (n, d). */
export function addRows(plan: Plan, x: Tensor, table: Tensor): Tensor {
  const inner = table.size;
  const outer = x.size / inner;
  const y = plan.activation(x.shape, [x, table]);
  plan.dispatch(addRowsKernel({ outer, inner }), [x, table, y]);
  plan.onBackward(y, (dy) => {
    if (table.tracked) sumInto(plan, dy, { outer: 1, middle: outer, inner }, table);
    plan.pass(dy, x);
  });
  return y;
}

/** Latents of an earlier pass, and where they count. */
export interface Warm {
  /** (batch, m, d). */
  readonly latents: Tensor;
  /** (batch): 1 or 0. */
  readonly mask: Tensor;
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
  const y = plan.activation([batch, m, d], [start, warm?.latents, time]);
  plan.dispatch(
    beginKernel({ batch, m, d, warm: warm !== undefined }),
    [start, time, warm?.latents, warm?.mask, y],
  );
  plan.onBackward(y, (dy) => {
    if (start.tracked) sumInto(plan, dy, { outer: 1, middle: batch, inner: m * d }, start);
    if (time.tracked) sumInto(plan, dy, { outer: batch, middle: m, inner: d }, time);
    if (warm?.latents.tracked) {
      const gradient = plan.fresh(warm.latents);
      plan.dispatch(maskRows({ batch, each: m * d }), [dy, warm.mask, gradient]);
    }
  });
  return y;
}

/** Keeps an activation in memory that outlives the replay. */
export function keep(plan: Plan, x: Tensor, to: Tensor): void {
  plan.dispatch(copy({ size: x.size }), [x, to]);
}

function sumInto(
  plan: Plan,
  x: Tensor,
  axes: { outer: number; middle: number; inner: number },
  to: Tensor,
): void {
  const { gradient, accumulate } = plan.share(to);
  plan.dispatch(sumMiddle({ ...axes, accumulate, origin: originOf(gradient) }), [x, gradient]);
}

/**
 * LayerNorm over the last axis, with weight and bias.
 *
 * @module
 */
import type { Plan } from "../graph/plan.ts";
import { temporary, type Tensor } from "../graph/tensor.ts";
import { rowsOf } from "./linear.ts";

/**
 * y = LayerNorm(x) over the last axis; `affine` (2, d) holds the weight, then the bias, and `epsilon` is
 * added to the variance.
 */
export function layerNorm(
  plan: Plan<string>,
  x: Tensor,
  affine: Tensor,
  epsilon: number,
): Tensor {
  const d = x.shape.at(-1)!;
  if (affine.size !== 2 * d) {
    throw new RangeError(
      `Cannot apply layer norm (${affine.shape}) to (${x.shape}): widths differ`,
    );
  }
  const rows = rowsOf(x);
  const y = plan.activation(x.shape, [x, affine]);
  const stats = temporary(rows, 2);
  plan.record("layerNorm", { rows, d, epsilon }, { x, affine, y, stats });
  plan.onBackward(y, (dy) => {
    if (affine.tracked) {
      const daffine = plan.newGradient(affine);
      plan.record("layerNormAffineGradient", { rows, d }, { x, stats, dy, daffine });
    }
    if (x.tracked) {
      const { gradient: dx, accumulate } = plan.gradientFor(x);
      const sizes = { rows, d, accumulate };
      plan.record("layerNormInputGradient", sizes, { x, affine, stats, dy, dx });
    }
  });
  return y;
}

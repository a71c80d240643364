/**
 * LayerNorm over the last axis, with weight and bias.
 *
 * @module
 */
import {
  AFFINE_CHUNK,
  layerNorm as forward,
  layerNormAffineGradient,
  layerNormInputGradient,
} from "../../kernels/layer_norm.ts";
import { sumMiddle } from "../../kernels/reduce.ts";
import { originOf, type Plan, type Tensor, typeOf } from "../gpu/plan.ts";
import { rowsOf } from "./linear.ts";

/** y = LayerNorm(x) over the last axis; `affine` (2, d) holds the weight, then the bias. */
export function layerNorm(plan: Plan, x: Tensor, affine: Tensor): Tensor {
  const d = x.shape.at(-1)!;
  if (affine.size !== 2 * d) {
    throw new RangeError(
      `Cannot apply layer norm (${affine.shape}) to (${x.shape}): widths differ`,
    );
  }
  const rows = rowsOf(x);
  const type = typeOf(affine);
  const y = plan.activation(x.shape, [x, affine]);
  const stats = plan.activation([rows, 2]);
  plan.dispatch(forward({ rows, d, type }), [x, affine, y, stats]);
  plan.onBackward(y, (dy) => {
    if (affine.tracked) {
      const chunks = Math.ceil(rows / AFFINE_CHUNK);
      const partial = plan.activation([chunks, 2, d]);
      const gradient = plan.fresh(affine);
      plan.dispatch(layerNormAffineGradient({ rows, d }), [x, stats, dy, partial]);
      plan.dispatch(
        sumMiddle({ outer: 1, middle: chunks, inner: 2 * d, origin: originOf(gradient) }),
        [partial, gradient],
      );
    }
    if (x.tracked) {
      const { gradient, accumulate } = plan.share(x);
      plan.dispatch(layerNormInputGradient({ rows, d, type, accumulate }), [
        x,
        affine,
        stats,
        dy,
        gradient,
      ]);
    }
  });
  return y;
}

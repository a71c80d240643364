/**
 * Linear layers: y = x W' + b, W of shape (out, in), and the two-layer MLP.
 *
 * @module
 */
import type { Activation } from "../graph/ops.ts";
import type { Plan } from "../graph/plan.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { Dropout } from "./dropout.ts";

/** A linear layer's parameters: weight (out, in), bias (out). */
export interface LinearParameters {
  readonly weight: Tensor;
  readonly bias: Tensor;
}

/** Rows of x when all axes but the last are taken together. */
export const rowsOf = (x: Tensor): number => x.size / x.shape[x.shape.length - 1];

/**
 * y (..., out) = x (..., in) W' + b, plus `residual` (..., out) where given.
 *
 * @throws {RangeError} when the widths of x and of the weight differ
 */
export function linear(
  plan: Plan<string>,
  x: Tensor,
  w: LinearParameters,
  residual?: Tensor,
): Tensor {
  return layer(plan, x, w, { residual }).output;
}

/**
 * Linear, activation, linear: x (..., in) to (..., out), plus `residual` where given. The hidden
 * layer's pre-activation is kept for the backward pass, which multiplies by the derivative in the
 * epilogue of the second layer's product. `drop` drops hidden units.
 */
export function mlp(
  plan: Plan<string>,
  x: Tensor,
  first: LinearParameters,
  activation: Activation,
  second: LinearParameters,
  residual?: Tensor,
  drop?: Dropout,
): Tensor {
  const hidden = layer(plan, x, first, { activation });
  const pre = hidden.pre && { tensor: hidden.pre, activation };
  // The factors of the derivative and of the dropped units commute, so the second layer can go
  // first.
  const kept = drop ? drop.units(plan, hidden.output) : hidden.output;
  return layer(plan, kept, second, { residual, pre }).output;
}

interface LayerOptions {
  readonly residual?: Tensor;
  /** Applied to this layer's result; the caller's next layer must take it into account as `pre`. */
  readonly activation?: Activation;
  /** The activation behind x: the gradient passes on to before that activation. */
  readonly pre?: { tensor: Tensor; activation: Activation };
}

function layer(
  plan: Plan<string>,
  x: Tensor,
  { weight, bias }: LinearParameters,
  { residual, activation, pre }: LayerOptions,
): { output: Tensor; pre?: Tensor } {
  const [outWidth, inWidth] = weight.shape;
  if (x.shape.at(-1) !== inWidth) {
    throw new RangeError(`Cannot apply linear (${weight.shape}) to (${x.shape}): widths differ`);
  }
  const rows = rowsOf(x);
  const shape = [...x.shape.slice(0, -1), outWidth];
  const output = plan.activation(shape, [x, weight, residual]);
  const kept = activation && output.tracked ? plan.activation(shape) : undefined;
  plan.record(
    "matmul",
    { layout: "nt", m: rows, n: outWidth, k: inWidth, activation },
    { a: x, b: weight, out: output, bias, residual, pre: kept },
  );
  plan.onBackward(output, (gradient) => {
    if (weight.tracked) {
      const [out, sums] = [plan.newGradient(weight), plan.newGradient(bias)];
      plan.record(
        "matmul",
        { layout: "tn", m: outWidth, n: inWidth, k: rows },
        { a: gradient, b: x, out, sums },
      );
    }
    if (x.tracked) {
      const { gradient: out, accumulate } = plan.gradientFor(x);
      const derivative = pre?.activation;
      plan.record(
        "matmul",
        { layout: "nn", m: rows, n: inWidth, k: outWidth, derivative, accumulate },
        { a: gradient, b: weight, out, pre: pre?.tensor },
      );
    }
    if (residual) plan.forwardGradient(gradient, residual);
  });
  return { output, pre: kept };
}

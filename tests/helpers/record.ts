// Tensors of a small plan: parameters with gradients, and results that can be read.

import { copy } from "../../kernels/elementwise.ts";
import type { Gpu } from "../../src/gpu/device.ts";
import { persistent, type Plan, type Tensor } from "../../src/gpu/plan.ts";
import { keep } from "../../src/nn/tokens.ts";
import { type Content, tensorOf } from "./launch.ts";

/** What a gradient holds until the backward pass writes it. */
export const UNWRITTEN = 77;

/** A tracked tensor that holds `values`, with a gradient that holds 77s. */
export function parameter(
  gpu: Gpu,
  name: string,
  values: Content,
  shape: readonly number[],
): Tensor & { readonly gradient: Tensor } {
  const value = tensorOf(gpu, name, values, shape);
  const unwritten = new Float32Array(value.size).fill(UNWRITTEN);
  return { ...value, tracked: true, gradient: tensorOf(gpu, `d${name}`, unwritten, shape) };
}

/** Has an activation copied to where it can be read. */
export function kept(plan: Plan, activation: Tensor): Tensor {
  const to = persistent("kept", activation.shape);
  keep(plan, activation, to);
  return to;
}

/** A parameter as an activation, so that it can be what a residual or an addition takes. */
export function activated(plan: Plan, leaf: Tensor): Tensor {
  const y = plan.activation(leaf.shape, [leaf]);
  plan.dispatch(copy({ size: leaf.size }), [leaf, y]);
  plan.onBackward(y, (dy) => {
    plan.dispatch(copy({ size: leaf.size }), [dy, plan.share(leaf).gradient]);
  });
  return y;
}

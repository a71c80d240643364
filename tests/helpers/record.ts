// Tensors of a small plan: parameters with gradients, and results that can be read.

import type { Device } from "../../src/device/device.ts";
import type { Plan } from "../../src/graph/plan.ts";
import { persistent, type Tensor } from "../../src/graph/tensor.ts";
import { copyTo } from "../../src/nn/tokens.ts";
import { tensorOf } from "./plans.ts";

/** What a gradient holds until the backward pass writes it. */
export const UNWRITTEN = 77;

/** A tracked tensor that holds `values`, with a gradient that holds 77s. */
export function parameter(
  device: Device,
  name: string,
  values: ArrayLike<number>,
  shape: readonly number[],
): Tensor & { readonly gradient: Tensor } {
  const value = tensorOf(device, name, values, shape);
  const unwritten = new Float32Array(value.size).fill(UNWRITTEN);
  return { ...value, tracked: true, gradient: tensorOf(device, `d${name}`, unwritten, shape) };
}

/** Has an activation copied to where it can be read. */
export function kept(plan: Plan<string>, activation: Tensor): Tensor {
  const to = persistent("kept", activation.shape);
  copyTo(plan, activation, to);
  return to;
}

/** A parameter as an activation, so that it can be what a residual or an addition takes. */
export function activated(plan: Plan<string>, leaf: Tensor): Tensor {
  const y = plan.activation(leaf.shape, [leaf]);
  plan.record("copy", { size: leaf.size }, { x: leaf, y });
  plan.onBackward(y, (dy) => {
    plan.record("copy", { size: leaf.size }, { x: dy, y: plan.gradientFor(leaf).gradient });
  });
  return y;
}

// A small reverse-mode tape over the twins: each operation computes its result at once and records
// a closure that adds to the gradients of its arguments. `backward` runs the closures in reverse.

import type { Activation } from "./activation.ts";
import { attention, attentionAdjoint, type AttentionShape } from "./attention.ts";
import { layerNorm, layerNormAdjoint } from "./layer_norm.ts";
import { linear, linearAdjoint, type LinearShape } from "./matmul.ts";

/** A value with its gradient. */
export interface Variable {
  value: Float64Array;
  grad: Float64Array;
}

/** A variable with a zero gradient. */
export function variable(value: Float64Array): Variable {
  return { value, grad: new Float64Array(value.length) };
}

/** Values `start` to `end` of a variable, sharing its memory (so nothing has to be recorded). */
export function view({ value, grad }: Variable, start: number, end: number): Variable {
  return { value: value.subarray(start, end), grad: grad.subarray(start, end) };
}

/** Records operations, then runs their adjoints in reverse. */
export class Tape {
  #adjoints: (() => void)[] = [];

  /** `act(x w^T + b) + residual`. */
  linear(
    x: Variable,
    w: Variable,
    b: Variable,
    shape: LinearShape,
    options: { act?: Activation; residual?: Variable } = {},
  ): Variable {
    const { act = "none", residual } = options;
    const y = variable(linear(x.value, w.value, b.value, shape, act, residual?.value));
    this.#adjoints.push(() => {
      const { dx, dw, db, dresidual } = linearAdjoint(
        x.value,
        w.value,
        b.value,
        y.grad,
        shape,
        act,
      );
      accumulate(x.grad, dx);
      accumulate(w.grad, dw);
      accumulate(b.grad, db);
      if (residual !== undefined) accumulate(residual.grad, dresidual);
    });
    return y;
  }

  /** LayerNorm over the last axis. */
  layerNorm(x: Variable, weight: Variable, bias: Variable): Variable {
    const y = variable(layerNorm(x.value, weight.value, bias.value));
    this.#adjoints.push(() => {
      const { dx, dweight, dbias } = layerNormAdjoint(x.value, weight.value, y.grad);
      accumulate(x.grad, dx);
      accumulate(weight.grad, dweight);
      accumulate(bias.grad, dbias);
    });
    return y;
  }

  /** Attention core. */
  attention(q: Variable, k: Variable, v: Variable, shape: AttentionShape): Variable {
    const y = variable(attention(q.value, k.value, v.value, shape));
    this.#adjoints.push(() => {
      const { dq, dk, dv } = attentionAdjoint(q.value, k.value, v.value, y.grad, shape);
      accumulate(q.grad, dq);
      accumulate(k.grad, dk);
      accumulate(v.grad, dv);
    });
    return y;
  }

  /** Sum of two variables of one size. */
  add(a: Variable, b: Variable): Variable {
    const y = variable(a.value.map((value, i) => value + b.value[i]));
    this.#adjoints.push(() => {
      accumulate(a.grad, y.grad);
      accumulate(b.grad, y.grad);
    });
    return y;
  }

  /** `times` copies, one after the other. */
  repeat(x: Variable, times: number): Variable {
    const size = x.value.length;
    const y = variable(new Float64Array(size * times));
    for (let i = 0; i < y.value.length; i++) y.value[i] = x.value[i % size];
    this.#adjoints.push(() => {
      for (let i = 0; i < y.grad.length; i++) x.grad[i % size] += y.grad[i];
    });
    return y;
  }

  /** Each run of `width` values, `times` times over: (B, width) to (B, times, width). */
  repeatRows(x: Variable, width: number, times: number): Variable {
    const y = variable(new Float64Array(x.value.length * times));
    const source = (i: number) => Math.floor(i / (width * times)) * width + i % width;
    for (let i = 0; i < y.value.length; i++) y.value[i] = x.value[source(i)];
    this.#adjoints.push(() => {
      for (let i = 0; i < y.grad.length; i++) x.grad[source(i)] += y.grad[i];
    });
    return y;
  }

  /** Zero in the examples whose mask is 0, unchanged where it is 1. */
  mask(x: Variable, mask: ArrayLike<number>): Variable {
    const each = x.value.length / mask.length;
    const y = variable(x.value.map((value, i) => mask[Math.floor(i / each)] ? value : 0));
    this.#adjoints.push(() => {
      for (let i = 0; i < y.grad.length; i++) {
        if (mask[Math.floor(i / each)]) x.grad[i] += y.grad[i];
      }
    });
    return y;
  }

  /** Runs the adjoints; the gradients of the results must have been set before. */
  backward(): void {
    for (const adjoint of this.#adjoints.reverse()) adjoint();
    this.#adjoints = [];
  }
}

function accumulate(total: Float64Array, part: Float64Array): void {
  for (let i = 0; i < total.length; i++) total[i] += part[i];
}

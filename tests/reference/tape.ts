// A small reverse-mode tape over the references: each operation computes its result at once and records
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
  layerNorm(x: Variable, weight: Variable, bias: Variable, epsilon?: number): Variable {
    const y = variable(layerNorm(x.value, weight.value, bias.value, epsilon));
    this.#adjoints.push(() => {
      const { dx, dweight, dbias } = layerNormAdjoint(x.value, weight.value, y.grad, epsilon);
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

  /**
   * For each of `batch` examples all parts one after the other. A part is the example's own row of
   * `width` values, or (the first part) rows that all examples share.
   */
  join(parts: readonly Variable[], width: number, batch: number): Variable {
    const [shared, ...rows] = parts;
    const each = shared.value.length + rows.length * width;
    const y = variable(new Float64Array(batch * each));
    const walk = (visit: (at: number, part: Variable, from: number) => void) => {
      for (let b = 0; b < batch; b++) {
        for (let i = 0; i < shared.value.length; i++) visit(b * each + i, shared, i);
        rows.forEach((row, r) => {
          for (let i = 0; i < width; i++) {
            visit(b * each + shared.value.length + r * width + i, row, b * width + i);
          }
        });
      }
    };
    walk((at, part, from) => y.value[at] = part.value[from]);
    this.#adjoints.push(() => walk((at, part, from) => part.grad[from] += y.grad[at]));
    return y;
  }

  /** Rows of a table, `width` wide, one for each of `indices`; zeros beyond its end. */
  gather(table: Variable, indices: readonly number[], width: number): Variable {
    const y = variable(new Float64Array(indices.length * width));
    const source = (i: number) => indices[Math.floor(i / width)] * width + i % width;
    for (let i = 0; i < y.value.length; i++) y.value[i] = table.value[source(i)] ?? 0;
    this.#adjoints.push(() => {
      for (let i = 0; i < y.grad.length; i++) {
        if (source(i) < table.grad.length) table.grad[source(i)] += y.grad[i];
      }
    });
    return y;
  }

  /** Each element times a factor of its own. */
  scale(x: Variable, factors: ArrayLike<number>): Variable {
    const y = variable(x.value.map((value, i) => value * factors[i]));
    this.#adjoints.push(() => {
      for (let i = 0; i < y.grad.length; i++) x.grad[i] += y.grad[i] * factors[i];
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

// Float64 references of matrix multiplication and of the linear layer, each with its adjoint.

import { type Activation, activation, activationDerivative } from "./activation.ts";

/** Sizes and layout of `c[m,n] = op(a)[m,k] op(b)[k,n]`, repeated `batch` times. */
export interface MatmulShape {
  m: number;
  n: number;
  k: number;
  /** `a` is stored (k, m). */
  transA?: boolean;
  /** `b` is stored (n, k). */
  transB?: boolean;
  /** Number of independent products, stored one after the other; 1 by default. */
  batch?: number;
}

/** Batched `c = op(a) op(b)`, row-major. */
export function matmul(a: Float64Array, b: Float64Array, shape: MatmulShape): Float64Array {
  const { m, n, k, transA = false, transB = false, batch = 1 } = shape;
  expectLength("a", a, batch * m * k);
  expectLength("b", b, batch * k * n);
  const c = new Float64Array(batch * m * n);
  for (let s = 0; s < batch; s++) {
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < n; j++) {
        let sum = 0;
        for (let l = 0; l < k; l++) {
          const left = transA ? a[s * m * k + l * m + i] : a[s * m * k + i * k + l];
          const right = transB ? b[s * k * n + j * k + l] : b[s * k * n + l * n + j];
          sum += left * right;
        }
        c[s * m * n + i * n + j] = sum;
      }
    }
  }
  return c;
}

/** Gradients of `sum(dc * matmul(a, b))`, in the layouts that `a` and `b` are stored in. */
export function matmulAdjoint(
  a: Float64Array,
  b: Float64Array,
  dc: Float64Array,
  shape: MatmulShape,
): { da: Float64Array; db: Float64Array } {
  const { m, n, k, transA = false, transB = false, batch = 1 } = shape;
  // d op(a) = dc op(b)^T and d op(b) = op(a)^T dc; a transposed operand gets the transposed product.
  const da = transA
    ? matmul(b, dc, { m: k, n: m, k: n, transA: transB, transB: true, batch })
    : matmul(dc, b, { m, n: k, k: n, transB: !transB, batch });
  const db = transB
    ? matmul(dc, a, { m: n, n: k, k: m, transA: true, transB: transA, batch })
    : matmul(a, dc, { m: k, n, k: m, transA: !transA, batch });
  return { da, db };
}

/** Sizes of a linear layer: x (rows, inputs), w (outputs, inputs), y (rows, outputs). */
export interface LinearShape {
  rows: number;
  inputs: number;
  outputs: number;
}

/** `y = act(x w^T + bias) + residual`: the activation comes before the residual. */
export function linear(
  x: Float64Array,
  w: Float64Array,
  bias: Float64Array | null,
  shape: LinearShape,
  act: Activation = "none",
  residual: Float64Array | null = null,
): Float64Array {
  const { rows, outputs } = shape;
  const y = preActivation(x, w, bias, shape);
  if (act !== "none") {
    for (let i = 0; i < y.length; i++) y[i] = activation(act, y[i]);
  }
  if (residual !== null) {
    expectLength("residual", residual, rows * outputs);
    for (let i = 0; i < y.length; i++) y[i] += residual[i];
  }
  return y;
}

/** Gradients of a linear layer's arguments. */
export interface LinearGradients {
  dx: Float64Array;
  dw: Float64Array;
  db: Float64Array;
  dresidual: Float64Array;
}

/** Gradients of `sum(dy * linear(...))`. The pre-activation is computed again, not stored. */
export function linearAdjoint(
  x: Float64Array,
  w: Float64Array,
  bias: Float64Array | null,
  dy: Float64Array,
  shape: LinearShape,
  act: Activation = "none",
): LinearGradients {
  const { rows, inputs, outputs } = shape;
  expectLength("dy", dy, rows * outputs);
  const dpre = dy.slice();
  if (act !== "none") {
    const pre = preActivation(x, w, bias, shape);
    for (let i = 0; i < dpre.length; i++) dpre[i] *= activationDerivative(act, pre[i]);
  }
  const dx = new Float64Array(rows * inputs);
  const dw = new Float64Array(outputs * inputs);
  const db = new Float64Array(outputs);
  for (let r = 0; r < rows; r++) {
    for (let o = 0; o < outputs; o++) {
      const d = dpre[r * outputs + o];
      db[o] += d;
      for (let i = 0; i < inputs; i++) {
        dx[r * inputs + i] += d * w[o * inputs + i];
        dw[o * inputs + i] += d * x[r * inputs + i];
      }
    }
  }
  return { dx, dw, db, dresidual: dy.slice() };
}

function preActivation(
  x: Float64Array,
  w: Float64Array,
  bias: Float64Array | null,
  { rows, inputs, outputs }: LinearShape,
): Float64Array {
  expectLength("x", x, rows * inputs);
  expectLength("w", w, outputs * inputs);
  if (bias !== null) expectLength("bias", bias, outputs);
  const pre = new Float64Array(rows * outputs);
  for (let r = 0; r < rows; r++) {
    for (let o = 0; o < outputs; o++) {
      let sum = bias === null ? 0 : bias[o];
      for (let i = 0; i < inputs; i++) sum += x[r * inputs + i] * w[o * inputs + i];
      pre[r * outputs + o] = sum;
    }
  }
  return pre;
}

function expectLength(name: string, array: Float64Array, length: number): void {
  if (array.length !== length) {
    throw new RangeError(`Cannot multiply: ${name} has ${array.length} values, expected ${length}`);
  }
}

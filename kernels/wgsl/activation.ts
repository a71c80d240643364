/**
 * Activation functions and their derivatives as WGSL snippets.
 *
 * @module
 */

import type { Activation } from "../shapes.ts";

// erf as x P(x^2) / Q(x^2) on [-4, 4] (the rational approximation that Eigen and XLA use): within a
// few ulp of float32, and no exponential.
const gelu = `
fn erf(v: T) -> T {
  let x = clamp(v, T(-4.0), T(4.0));
  let s = x * x;
  var a = T(-2.72614225801306e-10);
  a = a * s + 2.77068142495902e-08;
  a = a * s - 2.10102402082508e-06;
  a = a * s - 5.69250639462346e-05;
  a = a * s - 7.34990630326855e-04;
  a = a * s - 2.95459980854025e-03;
  a = a * s - 1.60960333262415e-02;
  var b = T(-1.45660718464996e-05);
  b = b * s - 2.13374055278905e-04;
  b = b * s - 1.68282697438203e-03;
  b = b * s - 7.37332916720468e-03;
  b = b * s - 1.42647390514189e-02;
  return x * a / b;
}
fn activate(x: T) -> T { return 0.5 * x * (1.0 + erf(x * 0.7071067811865476)); }
fn derivative(x: T) -> T {
  return 0.5 * (1.0 + erf(x * 0.7071067811865476)) + x * 0.3989422804014327 * exp(-0.5 * x * x);
}
`;

const silu = `
fn activate(x: T) -> T { return x / (1.0 + exp(-x)); }
fn derivative(x: T) -> T {
  let s = 1.0 / (1.0 + exp(-x));
  return s * (1.0 + x * (1.0 - s));
}
`;

/**
 * WGSL functions `activate` and `derivative` of the exact (erf) GELU or of SiLU, on a type `T` that
 * the kernel declares: f32 or vec4<f32>.
 */
export const activations: Record<Activation, string> = { gelu, silu };

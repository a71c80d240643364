/** Activation functions and their derivatives, four at a time. */
import { exp4 } from "./exp.ts";
import { madd } from "./simd.ts";

/** Numbers of the activations in the tape; 0 is none. */
export const GELU: i32 = 1;
export const SILU: i32 = 2;

/** The exact (erf) GELU or SiLU. */
export function activate(kind: i32, x: v128): v128 {
  if (kind == SILU) return f32x4.mul(x, sigmoid(x));
  return f32x4.mul(x, normalCdf(x));
}

/** The derivative of {@linkcode activate}. */
export function derivative(kind: i32, x: v128): v128 {
  const one = f32x4.splat(1);
  if (kind == SILU) {
    const s = sigmoid(x);
    return f32x4.mul(s, madd(x, f32x4.sub(one, s), one));
  }
  const density = exp4(f32x4.mul(f32x4.mul(x, x), f32x4.splat(-0.5)));
  return madd(f32x4.mul(x, f32x4.splat(0.3989422804)), density, normalCdf(x));
}

function sigmoid(x: v128): v128 {
  const one = f32x4.splat(1);
  return f32x4.div(one, f32x4.add(one, exp4(f32x4.neg(x))));
}

function normalCdf(x: v128): v128 {
  const half = f32x4.splat(0.5);
  return madd(half, erf(f32x4.mul(x, f32x4.splat(0.7071067811865476))), half);
}

/**
 * x P(x^2) / Q(x^2) on [-4, 4], the rational approximation that Eigen and XLA use: within a few ulp,
 * and no exponential.
 */
function erf(v: v128): v128 {
  const x = f32x4.pmax(f32x4.pmin(v, f32x4.splat(4)), f32x4.splat(-4));
  const s = f32x4.mul(x, x);
  let a = f32x4.splat(-2.72614225801306e-10);
  a = madd(a, s, f32x4.splat(2.77068142495902e-08));
  a = madd(a, s, f32x4.splat(-2.10102402082508e-06));
  a = madd(a, s, f32x4.splat(-5.69250639462346e-05));
  a = madd(a, s, f32x4.splat(-7.34990630326855e-04));
  a = madd(a, s, f32x4.splat(-2.95459980854025e-03));
  a = madd(a, s, f32x4.splat(-1.60960333262415e-02));
  let b = f32x4.splat(-1.45660718464996e-05);
  b = madd(b, s, f32x4.splat(-2.13374055278905e-04));
  b = madd(b, s, f32x4.splat(-1.68282697438203e-03));
  b = madd(b, s, f32x4.splat(-7.37332916720468e-03));
  b = madd(b, s, f32x4.splat(-1.42647390514189e-02));
  return f32x4.div(f32x4.mul(x, a), b);
}

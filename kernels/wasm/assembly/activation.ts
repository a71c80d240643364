/**
 * Activation functions and their derivatives: of the floats from `p` to `end`, a multiple of 4, in
 * place. At `room` is room for twice as many.
 */
import { exp } from "./exp.ts";
import { constant, madd } from "./simd.ts";

/** Numbers of the activations in the tape; 0 is none. */
export const GELU: i32 = 1;
export const SILU: i32 = 2;

/** The exact (erf) GELU or SiLU. */
export function activate(kind: i32, p: usize, end: usize, room: usize): void {
  if (kind == SILU) sigmoid(p, end, room);
  else normalCdf(p, end, room);
  for (; p < end; p += 16) {
    v128.store(p, f32x4.mul(v128.load(p), v128.load(room)));
    room += 16;
  }
}

/** Their derivatives. */
export function derivative(kind: i32, p: usize, end: usize, room: usize): void {
  const one = f32x4.splat(1);
  if (kind == SILU) {
    sigmoid(p, end, room);
    for (; p < end; p += 16) {
      const s = v128.load(room);
      v128.store(p, f32x4.mul(s, madd(v128.load(p), f32x4.sub(one, s), one)));
      room += 16;
    }
    return;
  }
  normalCdf(p, end, room);
  let density = room + (end - p);
  normalDensity(p, end, density);
  for (; p < end; p += 16) {
    v128.store(p, madd(v128.load(p), v128.load(density), v128.load(room)));
    density += 16;
    room += 16;
  }
}

/** Writes 1 / (1 + e^-x) to `room`. */
function sigmoid(p: usize, end: usize, room: usize): void {
  const roomEnd = room + (end - p);
  const one = f32x4.splat(1);
  for (let r = room; r < roomEnd; r += 16) {
    v128.store(r, f32x4.neg(v128.load(p)));
    p += 16;
  }
  exp(room, roomEnd);
  for (let r = room; r < roomEnd; r += 16) {
    v128.store(r, f32x4.div(one, f32x4.add(one, v128.load(r))));
  }
}

/** Writes e^(-x^2 / 2) / sqrt(2 pi) to `to`. */
function normalDensity(p: usize, end: usize, to: usize): void {
  const toEnd = to + (end - p);
  for (let t = to; t < toEnd; t += 16) {
    v128.store(t, f32x4.mul(f32x4.mul(v128.load(p), v128.load(p)), f32x4.splat(-0.5)));
    p += 16;
  }
  exp(to, toEnd);
  for (; to < toEnd; to += 16) {
    v128.store(to, f32x4.mul(v128.load(to), f32x4.splat(0.3989422804)));
  }
}

/**
 * Writes (1 + erf(x / sqrt(2))) / 2 to `to`. erf is x P(x^2) / Q(x^2) on [-4, 4], the
 * rational approximation that Eigen and XLA use: within a few ulp, and no exponential.
 */
function normalCdf(p: usize, end: usize, to: usize): void {
  const root = constant(0.7071067811865476, p);
  const highest = constant(4, p);
  const lowest = constant(-4, p);
  const half = constant(0.5, p);
  const a6 = constant(-2.72614225801306e-10, p);
  const a5 = constant(2.77068142495902e-08, p);
  const a4 = constant(-2.10102402082508e-06, p);
  const a3 = constant(-5.69250639462346e-05, p);
  const a2 = constant(-7.34990630326855e-04, p);
  const a1 = constant(-2.95459980854025e-03, p);
  const a0 = constant(-1.60960333262415e-02, p);
  const b4 = constant(-1.45660718464996e-05, p);
  const b3 = constant(-2.13374055278905e-04, p);
  const b2 = constant(-1.68282697438203e-03, p);
  const b1 = constant(-7.37332916720468e-03, p);
  const b0 = constant(-1.42647390514189e-02, p);
  for (; p < end; p += 16) {
    const x = f32x4.pmax(f32x4.pmin(f32x4.mul(v128.load(p), root), highest), lowest);
    const s = f32x4.mul(x, x);
    let a = madd(a6, s, a5);
    a = madd(a, s, a4);
    a = madd(a, s, a3);
    a = madd(a, s, a2);
    a = madd(a, s, a1);
    a = madd(a, s, a0);
    let b = madd(b4, s, b3);
    b = madd(b, s, b2);
    b = madd(b, s, b1);
    b = madd(b, s, b0);
    const erf = f32x4.div(f32x4.mul(x, a), b);
    v128.store(to, madd(half, erf, half));
    to += 16;
  }
}

// Float64 references of the activations: exact (erf) GELU and SiLU, with their derivatives.

/** Name of an activation that a linear layer can apply to its result. */
export type Activation = "none" | "gelu" | "silu";

/** Applies an activation by name. */
export function activation(name: Activation, x: number): number {
  if (name === "gelu") return gelu(x);
  if (name === "silu") return silu(x);
  return x;
}

/** Derivative of an activation, by name, at its argument `x`. */
export function activationDerivative(name: Activation, x: number): number {
  if (name === "gelu") return geluDerivative(x);
  if (name === "silu") return siluDerivative(x);
  return 1;
}

/** Exact GELU, `x Phi(x)`. */
export function gelu(x: number): number {
  return x * normalCdf(x);
}

/** `Phi(x) + x phi(x)`. */
export function geluDerivative(x: number): number {
  return normalCdf(x) + x * Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);
}

/** SiLU, `x sigmoid(x)`. */
export function silu(x: number): number {
  return x * sigmoid(x);
}

/** `s + x s (1 - s)` with `s = sigmoid(x)`. */
export function siluDerivative(x: number): number {
  const s = sigmoid(x);
  return s + x * s * sigmoid(-x);
}

/** Logistic function, without overflow at either end. */
export function sigmoid(x: number): number {
  if (x >= 0) return 1 / (1 + Math.exp(-x));
  const e = Math.exp(x);
  return e / (1 + e);
}

/** Distribution function of the standard normal, accurate in relative terms in the left tail too. */
export function normalCdf(x: number): number {
  return 0.5 * erfc(-x / Math.SQRT2);
}

/** Where the power series hands over to the continued fraction. */
const SERIES_LIMIT = 2;

/** Error function, to about 1e-15. */
export function erf(x: number): number {
  if (Math.abs(x) < SERIES_LIMIT) return erfSeries(x);
  return x > 0 ? 1 - erfcFraction(x) : erfcFraction(-x) - 1;
}

/** Complementary error function, `1 - erf(x)`. */
export function erfc(x: number): number {
  if (Math.abs(x) < SERIES_LIMIT) return 1 - erfSeries(x);
  return x > 0 ? erfcFraction(x) : 2 - erfcFraction(-x);
}

/** `2/sqrt(pi) e^(-x^2) sum_n 2^n x^(2n+1) / (2n+1)!!`: all terms of one sign, so nothing cancels. */
function erfSeries(x: number): number {
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > 1e-18 * Math.abs(sum); n++) {
    term *= 2 * x * x / (2 * n + 1);
    sum += term;
  }
  return 2 / Math.sqrt(Math.PI) * Math.exp(-x * x) * sum;
}

/** `e^(-x^2)/sqrt(pi) / (x + (1/2)/(x + (2/2)/(x + (3/2)/(x + ...))))`, from the tail inwards. */
function erfcFraction(x: number): number {
  if (x > 27) return 0; // below the smallest float64
  let tail = x;
  for (let n = 120; n >= 1; n--) tail = x + 0.5 * n / tail;
  return Math.exp(-x * x) / (Math.sqrt(Math.PI) * tail);
}

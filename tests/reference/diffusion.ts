// Float64 references of the diffusion process: gamma schedules, noising, prediction types and the loss.
// gamma(t) is the share of signal in x_t: 1 at t = 0 (clean), about 0 at t = 1 (noise).

import { sigmoid } from "./activation.ts";

/** One of the three plain schedules, or a member of the paper's family (Chen 2023). */
export type GammaSchedule =
  | "linear"
  | "cosine"
  | "sigmoid"
  | { kind: "cosine" | "sigmoid"; start: number; end: number; tau: number };

/** Lower bound of gamma, so that nothing divides by zero at t = 1. */
export const GAMMA_MIN = 1e-9;

/** gamma(t), clipped to [1e-9, 1]. */
export function gamma(schedule: GammaSchedule, t: number): number {
  return Math.min(1, Math.max(GAMMA_MIN, unclippedGamma(schedule, t)));
}

/** gamma(t) as the formula gives it. */
export function unclippedGamma(schedule: GammaSchedule, t: number): number {
  if (schedule === "linear") return 1 - t;
  if (schedule === "cosine") return Math.cos(0.5 * Math.PI * t) ** 2;
  if (schedule === "sigmoid") return sigmoid(-5 + 10 * (1 - t));
  // The paper's family: one stretch of a falling curve, rescaled to go from 1 to 0.
  const { kind, start, end, tau } = schedule;
  const curve = kind === "cosine"
    ? (s: number) => Math.cos(0.5 * Math.PI * s) ** (2 * tau)
    : (s: number) => sigmoid(-s / tau);
  const first = curve(start);
  const last = curve(end);
  return (curve(start + t * (end - start)) - last) / (first - last);
}

/** `x_t = sqrt(gamma) scale x0 + sqrt(1 - gamma) eps`, gammas one for each example. */
export function addNoise(
  x0: Float64Array,
  eps: Float64Array,
  gammas: Float64Array,
  scale = 1,
): Float64Array {
  return perExample(
    gammas,
    x0.length,
    (g, i) => Math.sqrt(g) * scale * x0[i] + Math.sqrt(1 - g) * eps[i],
  );
}

/** Factor that gives x_t unit variance before the network sees it; 1 when `scale` is 1. */
export function inputFactor(gammaNow: number, scale = 1): number {
  return 1 / Math.sqrt(gammaNow * scale ** 2 + 1 - gammaNow);
}

/** What the network predicts. */
export type PredictionType = "eps" | "x0" | "v";

/** The training target: eps, scale x0, or `v = sqrt(gamma) eps - sqrt(1 - gamma) scale x0`. */
export function target(
  type: PredictionType,
  x0: Float64Array,
  eps: Float64Array,
  gammas: Float64Array,
  scale = 1,
): Float64Array {
  if (type === "eps") return eps.slice();
  if (type === "x0") return x0.map((value) => scale * value);
  return perExample(
    gammas,
    x0.length,
    (g, i) => Math.sqrt(g) * eps[i] - Math.sqrt(1 - g) * scale * x0[i],
  );
}

/** The clean image and the noise that a prediction amounts to. */
export interface Estimate {
  x0: Float64Array;
  eps: Float64Array;
}

/** Turns a prediction into (x0, eps) with `x_t = sqrt(gamma) scale x0 + sqrt(1 - gamma) eps`. */
export function fromPrediction(
  type: PredictionType,
  prediction: Float64Array,
  xt: Float64Array,
  gammas: Float64Array,
  scale = 1,
): Estimate {
  const n = xt.length;
  if (type === "eps") {
    const eps = prediction.slice();
    const x0 = perExample(
      gammas,
      n,
      (g, i) => (xt[i] - Math.sqrt(1 - g) * eps[i]) / (Math.sqrt(g) * scale),
    );
    return { x0, eps };
  }
  if (type === "x0") {
    const x0 = prediction.map((value) => value / scale);
    return { x0, eps: impliedNoise(x0, xt, gammas, scale) };
  }
  return {
    x0: perExample(
      gammas,
      n,
      (g, i) => (Math.sqrt(g) * xt[i] - Math.sqrt(1 - g) * prediction[i]) / scale,
    ),
    eps: perExample(
      gammas,
      n,
      (g, i) => Math.sqrt(1 - g) * xt[i] + Math.sqrt(g) * prediction[i],
    ),
  };
}

/** The noise that makes `x0` explain x_t; 1 - gamma is kept from 0 as gamma is. */
export function impliedNoise(
  x0: Float64Array,
  xt: Float64Array,
  gammas: Float64Array,
  scale = 1,
): Float64Array {
  return perExample(
    gammas,
    xt.length,
    (g, i) => (xt[i] - Math.sqrt(g) * scale * x0[i]) / Math.sqrt(Math.max(1 - g, GAMMA_MIN)),
  );
}

/** An estimate with x0 limited to [-1, 1], and the noise that goes with the limited x0. */
export function clipEstimate(
  { x0 }: Estimate,
  xt: Float64Array,
  gammas: Float64Array,
  scale = 1,
): Estimate {
  const clipped = x0.map((value) => Math.min(1, Math.max(-1, value)));
  return { x0: clipped, eps: impliedNoise(clipped, xt, gammas, scale) };
}

/** Loss and its gradient with respect to the prediction. */
export interface Loss {
  loss: number;
  gradient: Float64Array;
}

/** `mean over all values of w (prediction - target)^2`, w one for each example, 1 unless given. */
export function meanSquaredError(
  prediction: Float64Array,
  goal: Float64Array,
  weights: Float64Array = new Float64Array([1]),
): Loss {
  let loss = 0;
  const n = prediction.length;
  const gradient = perExample(weights, n, (w, i) => {
    const error = prediction[i] - goal[i];
    loss += w * error ** 2 / n;
    return 2 * w * error / n;
  });
  return { loss, gradient };
}

/** Min-SNR weight (Hang et al. 2023) of an example, for the prediction type that is trained. */
export function minSnrWeight(type: PredictionType, gammaNow: number, limit = 5): number {
  const snr = gammaNow / Math.max(1 - gammaNow, GAMMA_MIN);
  const weight = Math.min(snr, limit);
  if (type === "x0") return weight;
  return type === "eps" ? weight / snr : weight / (snr + 1);
}

/** Fills an array of `n` values example by example: `values` holds one number for each example. */
function perExample(
  values: Float64Array,
  n: number,
  fill: (value: number, i: number) => number,
): Float64Array {
  const out = new Float64Array(n);
  const each = n / values.length;
  for (let i = 0; i < n; i++) out[i] = fill(values[Math.floor(i / each)], i);
  return out;
}

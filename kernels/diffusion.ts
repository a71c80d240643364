/**
 * Noising, the loss with its gradient, and one step of a sampler.
 *
 * @module
 */
import {
  forEach,
  laneType,
  laneWidth,
  type Launch,
  launch,
  linearGrid,
  read,
  uniform,
  write,
} from "./kernel.ts";
import { PARTIALS } from "./reduce.ts";

/**
 * xt = c.x x0 + c.y noise and target = c.z x0 + c.w noise, with c = coefficients (batch, 4).
 * Binds x0, noise, coefficients, xt, target.
 */
export function addNoise({ batch, each }: { batch: number; each: number }): Launch {
  const width = laneWidth(each);
  const array = `array<${laneType(width)}>`;
  const count = batch * each / width;
  return launch(
    "add noise",
    { count, each: each / width },
    [
      read("x0", array),
      read("noise", array),
      read("coefficients", "array<vec4<f32>>"),
      write("xt", array),
      write("goal", array),
    ],
    linearGrid(count),
    forEach(
      "p.count",
      `
  let c = coefficients[i / p.each];
  xt[i] = c.x * x0[i] + c.y * noise[i];
  goal[i] = c.z * x0[i] + c.w * noise[i];`,
    ),
  );
}

/**
 * y (batch, 3, plane) += offsets (batch, 3): noise that is the same all over an image's channel.
 * Binds offsets, y.
 */
export function addOffsets({ batch, plane }: { batch: number; plane: number }): Launch {
  return launch(
    "offset noise",
    { count: 3 * batch * plane, plane },
    [read("offsets"), write("y")],
    linearGrid(3 * batch * plane),
    forEach("p.count", "  y[i] += offsets[i / p.plane];"),
  );
}

/**
 * Weighted squared error of a part (batch, each) of the `whole` examples of a step: the gradient of
 * the mean over them all, 2 w (prediction - target) / (whole each), and partial sums (1024, 2) whose
 * second column adds up to the weighted squares. Binds prediction, target, importance (batch),
 * gradient, partial.
 */
export function squaredError(
  { batch, each, whole = batch }: { batch: number; each: number; whole?: number },
): Launch {
  return launch(
    "squared error",
    { size: batch * each, each, total: whole * each, count: PARTIALS },
    [read("prediction"), read("goal"), read("importance"), write("gradient"), write("partial")],
    linearGrid(PARTIALS),
    forEach(
      "p.count",
      `
  let scale = 2.0 / f32(p.total);
  var sum = 0.0;
  var squares = 0.0;
  for (var k = i; k < p.size; k += p.count) {
    let v = prediction[k] - goal[k];
    let w = importance[k / p.each];
    gradient[k] = scale * w * v;
    sum += v;
    squares += w * v * v;
  }
  partial[2u * i] = sum;
  partial[2u * i + 1u] = squares;`,
    ),
  );
}

/** The per-step scalars of {@linkcode samplerStep}, in the order of its uniform. */
export const SAMPLER_SCALARS = [
  "x0FromX",
  "x0FromPrediction",
  "x0Limit",
  "noiseFromX",
  "noiseFromX0",
  "nextFromX0",
  "nextFromX",
  "nextFromNoise",
  "sigma",
] as const;

/** WGSL type of the uniform that holds {@linkcode SAMPLER_SCALARS}, padded to 48 bytes. */
const scalarsType = `array<vec4<f32>, 3>`;

/**
 * One step of a sampler, x (size) -> x in place, linear in what it knows:
 * x0 = clamp(x0FromX x + x0FromPrediction prediction, +-x0Limit);
 * noise = noiseFromX x + noiseFromX0 x0;
 * x = nextFromX0 x0 + nextFromX x + nextFromNoise noise + sigma fresh.
 * Binds x, prediction, fresh, scalars (uniform).
 */
export function samplerStep({ size }: { size: number }): Launch {
  return launch(
    "sampler step",
    { size },
    [write("x"), read("prediction"), read("fresh"), uniform("scalars", scalarsType)],
    linearGrid(size),
    forEach(
      "p.size",
      `
  let c = scalars[0];
  let d = scalars[1];
  let x0 = clamp(c.x * x[i] + c.y * prediction[i], -c.z, c.z);
  let noise = c.w * x[i] + d.x * x0;
  x[i] = d.y * x0 + d.z * x[i] + d.w * noise + scalars[2].x * fresh[i];`,
    ),
  );
}

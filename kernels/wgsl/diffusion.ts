/**
 * Noising, the loss with its gradient, and one step of a sampler.
 *
 * @module
 */
import { PARTIALS, SAMPLER_SCALARS } from "../shapes.ts";
import {
  floatBits,
  forEach,
  GROUP,
  groupGrid,
  LANES,
  laneType,
  laneWidth,
  type Launch,
  launch,
  linearGrid,
  namedScalars,
  read,
  uniform,
  write,
} from "./kernel.ts";
import { input, type OperandTypes } from "./operand.ts";
import { PARTIAL_STRIDE, partialSums } from "./reduce.ts";

/** Sizes of images by their channels. */
interface PlaneSizes {
  readonly batch: number;
  readonly channels: number;
  readonly plane: number;
}

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
 * y (batch, channels, plane) += offsets (batch, channels): noise that is the same all over an image's channel.
 * Binds offsets, y.
 */
export function addOffsets({ batch, channels, plane }: PlaneSizes): Launch {
  const count = batch * channels * plane;
  return launch(
    "offset noise",
    { count, plane },
    [read("offsets"), write("y")],
    linearGrid(count),
    forEach("p.count", "  y[i] += offsets[i / p.plane];"),
  );
}

/**
 * Weighted squared error of a part (batch, each) of the `whole` examples of a step: the gradient of
 * the mean over them all, 2 w (prediction - target) / (whole each), and partial sums (1024, 2) whose
 * second column adds up to the weighted squares. Binds prediction, target, lossWeight (batch),
 * gradient, partial.
 */
export function squaredError(
  { batch, each, whole = batch }: { batch: number; each: number; whole?: number },
): Launch {
  return launch(
    "squared error",
    { size: batch * each, each, total: floatBits(whole * each) },
    [read("prediction"), read("goal"), read("lossWeight"), write("gradient"), write("partial")],
    [PARTIALS, 1, 1],
    partialSums(
      "f32",
      (sum) => sum,
      `  let scale = 2.0 / bitcast<f32>(p.total);
  for (var k = i; k < p.size; k += ${PARTIAL_STRIDE}u) {
    let v = prediction[k] - goal[k];
    let w = lossWeight[k / p.each];
    gradient[k] = scale * w * v;
    sum += v;
    squares += w * v * v;
  }`,
    ),
  );
}

/**
 * Classifier-free guidance: y (size) = free + scale (guided - free). Binds guided, free, scale (a
 * uniform of four floats; the first one counts), y.
 */
export function guide({ size }: { size: number }): Launch {
  const width = laneWidth(size);
  const array = `array<${laneType(width)}>`;
  return launch(
    "guide",
    { count: size / width },
    [read("guided", array), read("free", array), uniform("scale", "vec4<f32>"), write("y", array)],
    linearGrid(size / width),
    forEach("p.count", "  y[i] = free[i] + scale.x * (guided[i] - free[i]);"),
  );
}

const samplerScalars = namedScalars("scalars", SAMPLER_SCALARS);

/**
 * One step of a sampler, x (batch, each) -> x in place, linear in its inputs: x0 = clamp(x0FromX x
 * + x0FromPrediction prediction, +-x0Limit threshold) / threshold; x = nextFromX x + nextFromX0 x0
 * + nextFromPrevious (the old `denoised`) + sigma fresh; denoised = x0. Binds x, prediction, fresh,
 * denoised, thresholds (batch), scalars (uniform).
 */
export function samplerStep({ batch, each }: { batch: number; each: number }): Launch {
  const size = batch * each;
  return launch(
    "sampler step",
    { size, each },
    [
      write("x"),
      read("prediction"),
      read("fresh"),
      write("denoised"),
      read("thresholds"),
      samplerScalars,
    ],
    linearGrid(size),
    forEach(
      "p.size",
      `
  let threshold = thresholds[i / p.each];
  let limit = scalars.x0Limit * threshold;
  let raw = scalars.x0FromX * x[i] + scalars.x0FromPrediction * prediction[i];
  let isNan = (bitcast<u32>(raw) & 0x7fffffffu) > 0x7f800000u;
  let x0 = select(clamp(raw, -limit, limit) / threshold, raw, isNan);
  x[i] = scalars.nextFromX * x[i] + scalars.nextFromX0 * x0
    + scalars.nextFromPrevious * denoised[i] + scalars.sigma * fresh[i];
  denoised[i] = x0;`,
    ),
  );
}

/** Bits that each pass of {@linkcode x0Thresholds} settles. */
const DIGIT = 8;

/**
 * Dynamic thresholding: for each image the thresholdRank-th smallest (from 1) of the absolute values
 * of x0FromX x + x0FromPrediction prediction, or 1 if that is more. Exact, by the bits: floats that
 * are not negative order as integers do. It shifts twice, since one shift by 32 is not defined. Binds x (batch, each), prediction, scalars (uniform),
 * thresholds (batch).
 */
export function x0Thresholds({ batch, each }: { batch: number; each: number }): Launch {
  return launch(
    "thresholds",
    { each, batch },
    [read("x"), read("prediction"), samplerScalars, write("thresholds")],
    groupGrid(batch),
    `
var<workgroup> counts: array<atomic<u32>, ${1 << DIGIT}>;
var<workgroup> found: u32;
var<workgroup> wanted: u32;

@compute @workgroup_size(${LANES})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let image = ${GROUP};
  if (image >= p.batch) { return; }
  let first = image * p.each;
  if (lane == 0u) { found = 0u; wanted = u32(scalars.thresholdRank); }
  for (var shift = ${32 - DIGIT}u; ; shift -= ${DIGIT}u) {
    for (var k = lane; k < ${1 << DIGIT}u; k += ${LANES}u) { atomicStore(&counts[k], 0u); }
    workgroupBarrier();
    for (var k = first + lane; k < first + p.each; k += ${LANES}u) {
      let bits = bitcast<u32>(
        scalars.x0FromX * x[k] + scalars.x0FromPrediction * prediction[k],
      ) & 0x7fffffffu;
      if (((bits ^ found) >> shift) >> ${DIGIT}u == 0u) {
        atomicAdd(&counts[(bits >> shift) & ${(1 << DIGIT) - 1}u], 1u);
      }
    }
    workgroupBarrier();
    if (lane == 0u) {
      var digit = 0u;
      var count = atomicLoad(&counts[0]);
      while (digit < ${(1 << DIGIT) - 1}u && count < wanted) {
        wanted -= count;
        digit++;
        count = atomicLoad(&counts[digit]);
      }
      found |= digit << shift;
    }
    workgroupBarrier();
    if (shift == 0u) { break; }
  }
  if (lane == 0u) { thresholds[image] = max(1.0, bitcast<f32>(found)); }
}
`,
  );
}

/**
 * Spherical interpolation between two noises: y (batch, each) = turn.x y + turn.y other, with turn (batch, 2), the cosine and
 * sine of an angle. Binds other, turn, y.
 */
export function slerp(
  { batch, each, types = {} }: { batch: number; each: number; types?: OperandTypes<"other"> },
): Launch {
  const other = input("other", 1, types.other);
  return launch(
    "slerp",
    { count: batch * each, each },
    [other.binding, read("turn", "array<vec2<f32>>"), write("y")],
    linearGrid(batch * each),
    forEach(
      "p.count",
      `
  let turned = turn[i / p.each];
  y[i] = turned.x * y[i] + turned.y * ${other.at("i")};`,
    ),
  );
}

/**
 * Puts a noised picture in its place: x (batch, channels, plane) = level.x image (channels, plane) +
 * level.y noise where keepMask (plane) is 1. Binds image, noise (batch, channels, plane), keepMask,
 * level (uniform), x.
 */
export function placeImage({ batch, channels, plane }: PlaneSizes): Launch {
  const each = channels * plane;
  return launch(
    "place image",
    { count: batch * each, each, plane },
    [
      read("image"),
      read("noise"),
      read("keepMask"),
      uniform("level", "vec4<f32>"),
      write("x"),
    ],
    linearGrid(batch * each),
    forEach(
      "p.count",
      `
  if (keepMask[i % p.plane] == 1.0) {
    x[i] = level.x * image[i % p.each] + level.y * noise[i];
  }`,
    ),
  );
}

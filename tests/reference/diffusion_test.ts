import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { readGolden } from "../helpers/golden.ts";
import {
  addNoise,
  clipEstimate,
  fromPrediction,
  gamma,
  type GammaSchedule,
  inputFactor,
  meanSquaredError,
  minSnrWeight,
  type PredictionType,
  target,
  unclippedGamma,
} from "./diffusion.ts";
import { checkGradient, largest, largestDifference, randomArray } from "./finite_difference.ts";
import { renoiseStep } from "./samplers.ts";

const PLAIN = ["linear", "sigmoid", "cosine"] as const;
const TYPES: PredictionType[] = ["eps", "x0", "v"];

Deno.test("schedules agree with the golden ones at 101 points", () => {
  const misc = readGolden("misc");
  const times = misc.f64("gamma.t");
  assertEquals(times.length, 101);
  for (const name of PLAIN) {
    // The golden float64 values belong to t = i / 100 in float64 and are stored as float32.
    const exact = times.map((_, i) => unclippedGamma(name, i / 100));
    assert(largestDifference(exact, misc.f64(`gamma_f64.${name}`)) < 6e-8, name);
    const clipped = times.map((t) => gamma(name, t));
    assert(largestDifference(clipped, misc.f64(`gamma.${name}`)) < 3e-7, name);
  }
});

Deno.test("the paper's schedules fall from 1 to 1e-9 and take their known values", () => {
  const schedules: [GammaSchedule, number][] = [
    // At t = 1/2 a curve over a symmetric stretch is at its middle.
    [{ kind: "sigmoid", start: -3, end: 3, tau: 1 }, 0.5],
    [{ kind: "cosine", start: 0, end: 1, tau: 1 }, 0.5],
    // cos^4(pi/4) = 1/4
    [{ kind: "cosine", start: 0, end: 1, tau: 2 }, 0.25],
    // (sigmoid(-1.5) - sigmoid(-3)) / (sigmoid(0) - sigmoid(-3))
    [
      { kind: "sigmoid", start: 0, end: 3, tau: 1 },
      (1 / (1 + Math.exp(1.5)) - 1 / (1 + Math.exp(3))) / (0.5 - 1 / (1 + Math.exp(3))),
    ],
    // The same shape again: only s / tau counts.
    [
      { kind: "sigmoid", start: 0, end: 0.6, tau: 0.2 },
      (1 / (1 + Math.exp(1.5)) - 1 / (1 + Math.exp(3))) / (0.5 - 1 / (1 + Math.exp(3))),
    ],
    // (cos^2(0.3 pi) - cos^2(0.4 pi)) / (cos^2(0.2 pi) - cos^2(0.4 pi))
    [
      { kind: "cosine", start: 0.4, end: 0.8, tau: 1 },
      (Math.cos(0.3 * Math.PI) ** 2 - Math.cos(0.4 * Math.PI) ** 2) /
      (Math.cos(0.2 * Math.PI) ** 2 - Math.cos(0.4 * Math.PI) ** 2),
    ],
  ];
  for (const [schedule, middle] of schedules) {
    assertEquals(gamma(schedule, 0), 1);
    assertEquals(gamma(schedule, 1), 1e-9);
    assertAlmostEquals(gamma(schedule, 0.5), middle, 1e-14);
    for (let i = 0; i < 50; i++) {
      assert(gamma(schedule, i / 50) > gamma(schedule, (i + 1) / 50), "falling");
    }
  }
});

Deno.test("the paper's cosine over its whole range is the plain one", () => {
  const whole: GammaSchedule = { kind: "cosine", start: 0, end: 1, tau: 1 };
  for (const t of [0, 0.123, 0.5, 0.9, 1]) {
    assertAlmostEquals(gamma(whole, t), gamma("cosine", t), 1e-15);
  }
});

Deno.test("noising and one renoise step agree with the golden ones", () => {
  const misc = readGolden("misc");
  const [x0, eps, z] = ["x0", "eps", "z"].map((name) => misc.f64(`noise.${name}`));
  for (const name of PLAIN) {
    const now = misc.f64("noise.t").map((t) => gamma(name, t));
    const next = misc.f64("noise.t_next").map((t) => gamma(name, t));
    const xt = misc.f64(`noise.${name}.xt`);
    assert(largestDifference(addNoise(x0, eps, now), xt) < 1e-6, name);
    // The golden step's prediction is 0.9 eps (found by solving for it), the same in all schedules.
    const each = x0.length / next.length;
    const estimate = fromPrediction("eps", eps.map((value) => 0.9 * value), xt, now).x0;
    const golden = misc.f64(`noise.${name}.denoise`);
    for (const [b, g] of next.entries()) {
      const part = (values: Float64Array) => values.slice(b * each, (b + 1) * each);
      const stepped = renoiseStep(part(estimate), part(z), { next: g });
      // At t = 0.995 float32's cos(pi t / 2) is off by 1e-5 of itself, and x0 with it.
      const tolerance = b < 3 ? 4e-6 : 2e-5 * largest(stepped);
      const error = largestDifference(stepped, part(golden));
      assert(error < tolerance, `${name} ${b}: off by ${error}, more than ${tolerance}`);
    }
  }
});

Deno.test("every prediction type leads back to x0 and eps, with any input scale", () => {
  const x0 = randomArray(30, 50);
  const eps = randomArray(30, 51);
  const gammas = Float64Array.of(0.9, 0.5, 0.03);
  for (const scale of [1, 0.4]) {
    const xt = addNoise(x0, eps, gammas, scale);
    for (const type of TYPES) {
      const exact = target(type, x0, eps, gammas, scale);
      const estimate = fromPrediction(type, exact, xt, gammas, scale);
      assert(largestDifference(estimate.x0, x0) < 1e-13, `${type} ${scale}`);
      assert(largestDifference(estimate.eps, eps) < 1e-13, `${type} ${scale}`);
    }
  }
});

Deno.test("v is the derivative of x_t along the circle from x0 to eps", () => {
  const [x0, eps] = [randomArray(5, 52), randomArray(5, 53)];
  const angle = 0.7;
  const at = (a: number) => addNoise(x0, eps, Float64Array.of(Math.cos(a) ** 2));
  const [above, below] = [at(angle + 1e-5), at(angle - 1e-5)];
  const numeric = above.map((value, i) => (value - below[i]) / 2e-5);
  const v = target("v", x0, eps, Float64Array.of(Math.cos(angle) ** 2));
  assert(largestDifference(v, numeric) < 1e-9);
});

Deno.test("the input factor gives x_t unit variance for data of unit variance", () => {
  assertEquals(inputFactor(0.3), 1);
  const x0 = randomArray(100_000, 54);
  const eps = randomArray(100_000, 55);
  const xt = addNoise(x0, eps, Float64Array.of(0.6), 0.5);
  const variance = xt.reduce((sum, value) => sum + value ** 2, 0) / xt.length;
  assertAlmostEquals(variance * inputFactor(0.6, 0.5) ** 2, 1, 0.02);
});

Deno.test("a clipped estimate still explains x_t", () => {
  const gammas = Float64Array.of(0.2, 1e-9);
  const xt = randomArray(20, 56);
  const raw = fromPrediction("eps", randomArray(20, 57), xt, gammas);
  const { x0, eps } = clipEstimate(raw, xt, gammas);
  assert(x0.every((value, i) => value === Math.max(-1, Math.min(1, raw.x0[i]))));
  assert(x0.some((value) => value === 1) && x0.some((value) => value === -1));
  assert(largestDifference(addNoise(x0, eps, gammas), xt) < 1e-14);
});

Deno.test("the loss is the plain mean, and its gradient agrees with finite differences", () => {
  const prediction = Float64Array.of(1, 2, 3, 4);
  const goal = Float64Array.of(1, 0, 0, 4);
  assertEquals(meanSquaredError(prediction, goal).loss, 13 / 4);
  const weights = Float64Array.of(0.5, 2);
  assertEquals(meanSquaredError(prediction, goal, weights).loss, (0.5 * 4 + 2 * 9) / 4);
  const moving = randomArray(12, 58);
  const fixed = randomArray(12, 59);
  const three = Float64Array.of(0.5, 2, 1.5);
  const loss = () => meanSquaredError(moving, fixed, three).loss;
  checkGradient("loss", loss, moving, meanSquaredError(moving, fixed, three).gradient);
});

Deno.test("min-SNR weights give one loss on x0 in all three spaces", () => {
  for (const g of [0.01, 0.5, 0.99]) {
    const snr = g / (1 - g);
    const onX0 = minSnrWeight("x0", g);
    assertAlmostEquals(onX0, Math.min(snr, 5), 1e-12);
    // A step d in x0 is a step sqrt(snr) d in eps, and sqrt(snr + 1) d in v.
    assertAlmostEquals(minSnrWeight("eps", g) * snr, onX0, 1e-12);
    assertAlmostEquals(minSnrWeight("v", g) * (snr + 1), onX0, 1e-12);
  }
});

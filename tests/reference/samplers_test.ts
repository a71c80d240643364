import { assert, assertAlmostEquals } from "@std/assert";
import { readGolden } from "../helpers/golden.ts";
import { clipEstimate, fromPrediction, gamma, type GammaSchedule } from "./diffusion.ts";
import { largestDifference, randomArray } from "./finite_difference.ts";
import { rin } from "./rin.ts";
import { ddimStep, ddpmFactors, ddpmStep, renoiseStep } from "./samplers.ts";

for (
  const { name, schedule, first } of [
    { name: "clip", schedule: "cosine", first: 1 },
    { name: "t999clip", schedule: "cosine", first: 0.999 },
    { name: "sigmoidclip", schedule: "sigmoid", first: 1 },
  ] satisfies { name: string; schedule: GammaSchedule; first: number }[]
) {
  Deno.test(`the renoise step gives the golden trajectory ${name}`, () => {
    const golden = readGolden("A_sampling");
    const model = readGolden("A_tiny");
    const config = model.config();
    const params = model.parameters();
    const times = golden.f64(`${name}.t_vals`);
    const steps = times.length - 1;
    const evenly = times.map((_, i) => first * (1 - i / steps));
    assert(largestDifference(times, evenly) < 1e-7, "times go evenly from the first to 0");
    let x = golden.f64("x_T");
    let zPrev: Float64Array | undefined;
    for (let i = 0; i < steps; i++) {
      const out = rin(config, params, { x, t: Float64Array.of(times[i], times[i]), zPrev });
      assert(largestDifference(out.prediction, golden.f64(`${name}.eps.${i}`)) < 1e-4, `eps ${i}`);
      assert(largestDifference(out.z, golden.f64(`${name}.Z.${i}`)) < 1e-4, `Z ${i}`);
      const now = Float64Array.of(gamma(schedule, times[i]));
      const raw = fromPrediction("eps", out.prediction, x, now);
      const { x0 } = clipEstimate(raw, x, now);
      x = renoiseStep(x0, golden.f64(`z.${i}`), { next: gamma(schedule, times[i + 1]) });
      assert(largestDifference(x, golden.f64(`${name}.x.${i}`)) < 1e-4, `x ${i}`);
      zPrev = out.z;
    }
  });
}

const STEPS = [
  { now: 0.1, next: 0.3 },
  { now: 1e-9, next: 0.02 },
  { now: 0.7, next: 1 },
  { now: 0.4, next: 0.4001, scale: 0.6 },
];

Deno.test("the small ancestral step keeps the right marginal: mean and variance", () => {
  for (const step of STEPS) {
    const { now, next, scale = 1 } = step;
    const { signal, state, noise } = ddpmFactors(step, "small");
    const mean = signal + state * scale * Math.sqrt(now);
    assertAlmostEquals(mean, scale * Math.sqrt(next), 1e-12);
    assertAlmostEquals(state ** 2 * (1 - now) + noise ** 2, 1 - next, 1e-12);
  }
});

Deno.test("the large variance is beta_t", () => {
  for (const step of STEPS) {
    const { noise } = ddpmFactors(step, "large");
    assertAlmostEquals(noise ** 2, 1 - step.now / step.next, 1e-12);
  }
});

Deno.test("the ancestral step is the paper code's form in eps", () => {
  const xt = randomArray(12, 60);
  const z = randomArray(12, 61);
  const step = { now: 0.2, next: 0.5 };
  const gammas = Float64Array.of(step.now);
  const { x0, eps } = clipEstimate(
    fromPrediction("eps", randomArray(12, 62), xt, gammas),
    xt,
    gammas,
  );
  const alpha = step.now / step.next;
  const expected = xt.map((value, i) =>
    (value - (1 - alpha) / Math.sqrt(1 - step.now) * eps[i]) / Math.sqrt(alpha) +
    Math.sqrt(1 - alpha) * z[i]
  );
  assert(largestDifference(ddpmStep(xt, x0, z, step, "large"), expected) < 1e-13);
});

Deno.test("DDIM with eta 1 is the small ancestral step, and with eta 0 stays on the line", () => {
  const xt = randomArray(12, 63);
  const z = randomArray(12, 64);
  for (const step of STEPS) {
    const gammas = Float64Array.of(step.now);
    const raw = { x0: randomArray(12, 65), eps: xt };
    const estimate = clipEstimate(raw, xt, gammas, step.scale);
    const ancestral = ddpmStep(xt, estimate.x0, z, step, "small");
    assert(largestDifference(ddimStep(estimate, z, step, 1), ancestral) < 1e-7);
    const { scale = 1, next } = step;
    const line = estimate.x0.map((value, i) =>
      Math.sqrt(next) * scale * value + Math.sqrt(1 - next) * estimate.eps[i]
    );
    assert(largestDifference(ddimStep(estimate, z, step, 0), line) < 1e-14);
  }
});

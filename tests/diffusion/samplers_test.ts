// The samplers' coefficients against their float64 twins, and what they must give at the ends.

import { assert, assertEquals, assertThrows } from "@std/assert";
import { SAMPLER_SCALARS } from "../../kernels/diffusion.ts";
import { noisingCoefficients, targetOf } from "../../src/diffusion/prediction.ts";
import {
  type SamplerOptions,
  type SamplerStep,
  samplerSteps,
  uniformTimes,
} from "../../src/diffusion/samplers.ts";
import { parseSchedule } from "../../src/diffusion/schedule.ts";
import { assertWithin, data } from "../helpers/close.ts";
import { addNoise, clipEstimate, fromPrediction, inputFactor, target } from "../twins/diffusion.ts";
import { ddimStep, ddpmStep, renoiseStep } from "../twins/samplers.ts";

type Scalars = Record<typeof SAMPLER_SCALARS[number], number>;

const PREDICTIONS = ["eps", "x0", "v"] as const;
const SCHEDULES = ["linear", "cosine", "sigmoid", "sigmoid(-3,3,0.9)", "cosine(0.2,1,1)"];
const OPTIONS: readonly SamplerOptions[] = [
  { sampler: "ddpm" },
  { sampler: "ddpm", variance: "large" },
  { sampler: "ddim" },
  { sampler: "ddim", eta: 0.5 },
  { sampler: "ddim", eta: 1 },
  { sampler: "renoise" },
];

/** What a network predicts, without input scale. */
const plain = (prediction: typeof PREDICTIONS[number]) => ({
  prediction,
  inputScale: 1,
  normalizeInput: false,
});

const scalarsOf = ({ scalars }: SamplerStep): Scalars =>
  Object.fromEntries(SAMPLER_SCALARS.map((name, i) => [name, scalars[i]])) as Scalars;

/** What the kernel `sampler step` does, in float64. */
function apply(c: Scalars, x: Float64Array, prediction: Float64Array, z: Float64Array) {
  return x.map((now, i) => {
    const raw = c.x0FromX * now + c.x0FromPrediction * prediction[i];
    const x0 = Math.min(c.x0Limit, Math.max(-c.x0Limit, raw));
    const noise = c.noiseFromX * now + c.noiseFromX0 * x0;
    return c.nextFromX0 * x0 + c.nextFromX * now + c.nextFromNoise * noise + c.sigma * z[i];
  });
}

const SCALES = [
  { inputScale: 1, normalizeInput: false },
  { inputScale: 0.4, normalizeInput: false },
  { inputScale: 0.4, normalizeInput: true },
  { inputScale: 3, normalizeInput: true },
];

for (const options of OPTIONS) {
  Deno.test(`${JSON.stringify(options)}: every step is the twin's`, () => {
    const [x, prediction, z] = [data(40, 1), data(40, 2), data(40, 3)];
    const times = uniformTimes(12);
    for (const name of SCHEDULES) {
      const schedule = parseSchedule(name);
      for (
        const { type, scale: { inputScale: scale, normalizeInput } } of PREDICTIONS.flatMap((
          type,
        ) => SCALES.map((scale) => ({ type, scale })))
      ) {
        const meaning = { prediction: type, inputScale: scale, normalizeInput };
        const factor = (gamma: number) => normalizeInput ? inputFactor(gamma, scale) : 1;
        const steps = samplerSteps(schedule, meaning, { ...options, steps: 12 });
        steps.forEach((step, index) => {
          assertEquals(step.t, times[index]);
          const gammas = { now: schedule(times[index]), next: schedule(times[index + 1]), scale };
          const now = Float64Array.of(gammas.now);
          const raw = fromPrediction(type, prediction, x, now, scale);
          const estimate = clipEstimate(raw, x, now, scale);
          const last = index === steps.length - 1;
          const next = () => {
            if (options.sampler === "renoise") return renoiseStep(estimate.x0, z, gammas);
            if (last) return estimate.x0.map((value) => scale * value);
            if (options.sampler === "ddim") return ddimStep(estimate, z, gammas, options.eta ?? 0);
            return ddpmStep(x, estimate.x0, z, gammas, options.variance ?? "small");
          };
          const given = last ? 1 / scale : factor(gammas.next);
          const wanted = next().map((value) => given * value);
          const seen = x.map((value) => factor(gammas.now) * value);
          // Rounding the scalars to float32; for eps at gamma 1e-9 that of a factor of 3e4.
          const found = apply(scalarsOf(step), seen, prediction, z);
          const what = `${name}, ${JSON.stringify(meaning)}, step ${index}`;
          assertWithin(what, found, wanted, 1e-5 * Math.max(1, 1 / scale));
        });
      }
    }
  });
}

Deno.test("a perfect prediction samples the image itself, whatever the input scale", () => {
  const [image, noise] = [data(40, 4, 0.3), data(40, 5)];
  const schedule = parseSchedule("sigmoid(-3,3,0.9)");
  for (const scale of SCALES) {
    for (const prediction of PREDICTIONS) {
      const meaning = { prediction, ...scale };
      for (const { t, scalars } of samplerSteps(schedule, meaning, { sampler: "ddim", steps: 5 })) {
        const gamma = schedule(t);
        const c = noisingCoefficients(meaning, [gamma]);
        const seen = image.map((value, i) => c[0] * value + c[1] * noise[i]);
        const goal = image.map((value, i) => c[2] * value + c[3] * noise[i]);
        const { x0FromX, x0FromPrediction } = scalarsOf({ t, scalars });
        const found = seen.map((value, i) => x0FromX * value + x0FromPrediction * goal[i]);
        // At t = 1 float32 leaves nothing of the image in x_t for eps to find it from.
        if (gamma > 1e-6 || prediction !== "eps") {
          const wanted = image.map((value) => scale.inputScale * value);
          assertWithin(`${JSON.stringify(meaning)} at ${t}`, found, wanted, 2e-5);
        }
      }
    }
  }
});

Deno.test("without clipping x0 is the estimate as it is", () => {
  const [x, prediction, z] = [data(40, 1, 3), data(40, 2), data(40, 3)];
  const schedule = parseSchedule("cosine");
  for (const type of PREDICTIONS) {
    const times = [0.6, 0.3, 0];
    const steps = samplerSteps(schedule, plain(type), { sampler: "ddim", clip: false }, times);
    const now = Float64Array.of(schedule(0.6));
    const estimate = fromPrediction(type, prediction, x, now);
    const gammas = { now: now[0], next: schedule(0.3) };
    const wanted = ddimStep(estimate, z, gammas, 0);
    assertWithin(type, apply(scalarsOf(steps[0]), x, prediction, z), wanted, 1e-5);
    assert(Math.max(...estimate.x0.map(Math.abs)) > 1.5, "some estimates lie outside [-1, 1]");
  }
});

Deno.test("DDIM with eta 1 is DDPM with the small variance", () => {
  for (const name of SCHEDULES) {
    const schedule = parseSchedule(name);
    const [ddim, ddpm] = ([{ sampler: "ddim", eta: 1 }, { sampler: "ddpm" }] as const).map(
      (options) => samplerSteps(schedule, plain("x0"), { ...options, steps: 50 }).map(scalarsOf),
    );
    ddim.forEach((a, index) => {
      const b = ddpm[index];
      const factors = (c: Scalars) => [
        c.nextFromX0 + c.nextFromNoise * c.noiseFromX0,
        c.nextFromX + c.nextFromNoise * c.noiseFromX,
        c.sigma,
      ];
      assertWithin(`${name}, step ${index}`, factors(a), factors(b), 2e-6);
    });
  }
});

Deno.test("the perfect prediction keeps x_t on the schedule: mean and variance", () => {
  // With the true x0 known a step from x_t = a x0 + s eps gives x_next of the right marginal.
  const schedule = parseSchedule("cosine");
  for (const options of OPTIONS.filter(({ variance }) => variance !== "large")) {
    const steps = samplerSteps(schedule, plain("x0"), { ...options, steps: 20 });
    steps.slice(0, -1).forEach((step, index) => {
      const c = scalarsOf(step);
      const [now, next] = [schedule(step.t), schedule(steps[index + 1].t)];
      const fromX = c.nextFromX + c.nextFromNoise * c.noiseFromX;
      const fromX0 = c.nextFromX0 + c.nextFromNoise * c.noiseFromX0;
      const name = `${JSON.stringify(options)}, step ${index}`;
      assertWithin(name, [fromX0 + fromX * Math.sqrt(now)], [Math.sqrt(next)], 1e-6);
      assertWithin(name, [fromX ** 2 * (1 - now) + c.sigma ** 2], [1 - next], 1e-6);
    });
  }
});

Deno.test("the last step gives x0 itself, whatever the schedule's gamma(0)", () => {
  for (const options of OPTIONS.filter(({ sampler }) => sampler !== "renoise")) {
    for (const name of SCHEDULES) {
      const c = scalarsOf(
        samplerSteps(parseSchedule(name), plain("v"), { ...options, steps: 3 })[2],
      );
      assertEquals([c.nextFromX0, c.nextFromX, c.nextFromNoise, c.sigma], [1, 0, 0, 0], name);
    }
  }
});

Deno.test("every scalar is finite, from t = 1 on, for schedules of every steepness", () => {
  const steep = ["sigmoid(-3,3,0.1)", "sigmoid(-3,3,0.05)", "cosine(0,1,20)", "sigmoid(0,3,0.01)"];
  for (const name of [...SCHEDULES, ...steep]) {
    for (const type of PREDICTIONS) {
      for (const options of OPTIONS) {
        for (const steps of [1, 2, 100, 1000]) {
          for (
            const { t, scalars } of samplerSteps(parseSchedule(name), plain(type), {
              ...options,
              steps,
            })
          ) {
            const what = `${name} ${type} ${JSON.stringify(options)} at ${t}: ${scalars}`;
            assert(scalars.every(Number.isFinite), what);
          }
        }
      }
    }
  }
});

Deno.test("times go evenly from 1 to 0; options out of range are refused", () => {
  assertEquals(uniformTimes(4), [1, 0.75, 0.5, 0.25, 0]);
  const steps = (options: SamplerOptions) =>
    samplerSteps(parseSchedule("cosine"), plain("x0"), options);
  assertEquals(steps({}).length, 100);
  for (const count of [0, -1, 2.5, NaN, 100_001]) {
    assertThrows(() => steps({ steps: count }), RangeError, `steps is ${count}: needed`);
  }
  for (const eta of [-0.1, 1.1, NaN]) {
    assertThrows(() => steps({ sampler: "ddim", eta }), RangeError, `eta is ${eta}: needed`);
  }
});

Deno.test("noising coefficients give the twin's x_t and targets", () => {
  const gammas = [1e-9, 0.3, 1];
  const [x0, eps] = [data(3, 4), data(3, 5)];
  const all = Float64Array.from(gammas);
  for (const { inputScale, normalizeInput } of SCALES) {
    for (const prediction of PREDICTIONS) {
      const c = noisingCoefficients({ prediction, inputScale, normalizeInput }, gammas);
      const mix = (at: number) =>
        x0.map((value, i) => c[4 * i + at] * value + c[4 * i + at + 1] * eps[i]);
      const factors = gammas.map((g) => normalizeInput ? inputFactor(g, inputScale) : 1);
      const seen = addNoise(x0, eps, all, inputScale).map((value, i) => factors[i] * value);
      const name = `${prediction} ${inputScale} ${normalizeInput}`;
      assertWithin(`${name}: x_t`, mix(0), seen, 1e-6);
      assertWithin(`${name}: target`, mix(2), target(prediction, x0, eps, all, inputScale), 1e-6);
    }
  }
  assertEquals(targetOf("x0", 0.5), { x0: 1, eps: 0 });
});

// The samplers' coefficients against their float64 references, and what they must give at the ends.

import { assert, assertEquals, assertThrows } from "@std/assert";
import { SAMPLER_SCALARS } from "../../kernels/shapes.ts";
import { noisingCoefficients, targetOf } from "../../src/diffusion/prediction.ts";
import {
  type SamplerOptions,
  type SamplerStep,
  samplerSteps,
  stepScalars,
} from "../../src/diffusion/samplers.ts";
import { completeSampleOptions } from "../../src/diffusion/sample_options.ts";
import { parseSchedule } from "../../src/diffusion/schedule.ts";
import { samplingTimes } from "../../src/diffusion/times.ts";
import { assertWithin, data } from "../helpers/close.ts";
import {
  addNoise,
  clipEstimate,
  fromPrediction,
  inputFactor,
  target,
} from "../reference/diffusion.ts";
import { ddimStep, ddpmStep, dpmSolverStep, heunStep, renoiseStep } from "../reference/samplers.ts";

type Scalars = Record<typeof SAMPLER_SCALARS[number], number>;

const PREDICTIONS = ["eps", "x0", "v"] as const;
const SCHEDULES = ["linear", "cosine", "sigmoid", "sigmoid(-3,3,0.9)", "cosine(0.2,1,1)"];
const OPTIONS: readonly SamplerOptions[] = [
  { sampler: "ddpm" },
  { sampler: "ddpm", variance: "large" },
  { sampler: "ddim" },
  { sampler: "ddim", eta: 0.5 },
  { sampler: "ddim", eta: 1 },
  { sampler: "dpm++" },
  { sampler: "renoise" },
];

const SCALES = [
  { inputScale: 1, normalizeInput: false },
  { inputScale: 0.4, normalizeInput: false },
  { inputScale: 0.4, normalizeInput: true },
  { inputScale: 3, normalizeInput: true },
];

/** What a network predicts, and what is done to x_t before it sees it. */
const meaningOf = (
  prediction: typeof PREDICTIONS[number],
  inputScale = 1,
  normalizeInput = false,
) => ({ prediction, inputScale, normalizeInput });

const scalarsOf = (step: SamplerStep, clip: boolean | number = true): Scalars => {
  const packed = stepScalars(step, clip, 40);
  return Object.fromEntries(SAMPLER_SCALARS.map((name, i) => [name, packed[i]])) as Scalars;
};

/** What the kernel `sampler step` does without dynamic thresholds, in float64. */
function apply(
  c: Scalars,
  x: Float64Array,
  prediction: Float64Array,
  z: Float64Array,
  previous: Float64Array = x,
) {
  const clean = x.map((now, i) => {
    const raw = c.x0FromX * now + c.x0FromPrediction * prediction[i];
    return Math.min(c.x0Limit, Math.max(-c.x0Limit, raw));
  });
  const next = x.map((now, i) =>
    c.nextFromX * now + c.nextFromX0 * clean[i] + c.nextFromPrevious * previous[i] + c.sigma * z[i]
  );
  return { next, clean };
}

for (const options of OPTIONS) {
  Deno.test(`stepScalars() follow the reference at every step of ${JSON.stringify(options)}`, () => {
    const [x, prediction, z, previous] = [data(40, 1), data(40, 2), data(40, 3), data(40, 6)];
    for (const name of SCHEDULES) {
      const schedule = parseSchedule(name);
      const times = samplingTimes(12, { spacing: "uniform", schedule });
      for (const type of PREDICTIONS) {
        const steps = samplerSteps(schedule, meaningOf(type), { ...options, steps: 12 });
        steps.forEach((step, index) => {
          assertEquals(step.t, times[index]);
          const gammas = { now: schedule(times[index]), next: schedule(times[index + 1]) };
          const now = Float64Array.of(gammas.now);
          const estimate = clipEstimate(fromPrediction(type, prediction, x, now), x, now);
          const wanted = () => {
            if (options.sampler === "renoise") return renoiseStep(estimate.x0, z, gammas);
            if (index === steps.length - 1) return estimate.x0;
            if (options.sampler === "ddim") return ddimStep(estimate, z, gammas, options.eta ?? 0);
            if (options.sampler === "dpm++") {
              const before = index === 0 ? undefined : schedule(times[index - 1]);
              return dpmSolverStep(x, estimate.x0, previous, { ...gammas, before });
            }
            return ddpmStep(x, estimate.x0, z, gammas, options.variance ?? "small");
          };
          // Rounding the scalars to float32; for eps at gamma 1e-9 that of a factor of 3e4.
          const tolerance = 1e-5;
          const { next } = apply(scalarsOf(step), x, prediction, z, previous);
          assertWithin(`${name}, ${type}, step ${index}`, next, wanted(), tolerance);
        });
      }
    }
  });
}

Deno.test("stepScalars() follow the reference in heun's two evaluations", () => {
  const [x, first, second, z] = [data(40, 1), data(40, 2), data(40, 3), data(40, 6)];
  for (const name of SCHEDULES) {
    const schedule = parseSchedule(name);
    const times = samplingTimes(7, { spacing: "uniform", schedule });
    for (const type of PREDICTIONS) {
      const steps = samplerSteps(schedule, meaningOf(type), { sampler: "heun", steps: 12 });
      const order = [0, ...Array.from({ length: 10 }, (_, i) => 1 + Math.ceil(i / 2)), 6];
      assertEquals(steps.map(({ t }) => t), order.map((i) => times[i]));
      for (let interval = 1; interval < 6; interval++) {
        const [one, two] = steps.slice(2 * interval - 1);
        const gammas = { now: schedule(times[interval]), next: schedule(times[interval + 1]) };
        const clipped = (prediction: Float64Array, at: Float64Array, gamma: number) => {
          const g = Float64Array.of(gamma);
          return clipEstimate(fromPrediction(type, prediction, at, g), at, g).x0;
        };
        const wanted = heunStep(
          x,
          clipped(first, x, gammas.now),
          (predicted) => clipped(second, predicted, gammas.next),
          gammas,
        );
        const half = apply(scalarsOf(one), x, first, z);
        const whole = apply(scalarsOf(two), half.next, second, z, half.clean);
        assertWithin(`${name}, ${type}, ${interval}`, whole.next, wanted, 2e-5);
      }
    }
  }
});

Deno.test("stepScalars() keep the estimate of x0 without clipping", () => {
  const [x, prediction, z] = [data(40, 1, 3), data(40, 2), data(40, 3)];
  const schedule = parseSchedule("cosine");
  for (const type of PREDICTIONS) {
    const times = [0.6, 0.3, 0];
    const steps = samplerSteps(schedule, meaningOf(type), { sampler: "ddim", clip: false }, times);
    const now = Float64Array.of(schedule(0.6));
    const estimate = fromPrediction(type, prediction, x, now);
    const gammas = { now: now[0], next: schedule(0.3) };
    const wanted = ddimStep(estimate, z, gammas, 0);
    const { next } = apply(scalarsOf(steps[0], false), x, prediction, z);
    assertWithin(type, next, wanted, 1e-5);
    assert(Math.max(...estimate.x0.map(Math.abs)) > 1.5, "some estimates lie outside [-1, 1]");
  }
});

Deno.test("stepScalars() of DDIM with eta 1 are those of DDPM with the small variance", () => {
  for (const name of SCHEDULES) {
    const schedule = parseSchedule(name);
    const [ddim, ddpm] = ([{ sampler: "ddim", eta: 1 }, { sampler: "ddpm" }] as const).map(
      (options) =>
        samplerSteps(schedule, meaningOf("x0"), { ...options, steps: 50 }).map((step) =>
          scalarsOf(step)
        ),
    );
    ddim.forEach((a, index) => {
      const b = ddpm[index];
      const factors = (c: Scalars) => [c.nextFromX0, c.nextFromX, c.sigma];
      assertWithin(`${name}, step ${index}`, factors(a), factors(b), 2e-6);
    });
  }
});

Deno.test("stepScalars() keep a perfect prediction's x_t on the schedule: mean and variance", () => {
  // With the true x0 known a step from x_t = a x0 + s eps gives x_next of the right marginal.
  const schedule = parseSchedule("cosine");
  for (const options of OPTIONS.filter(({ variance }) => variance !== "large")) {
    const steps = samplerSteps(schedule, meaningOf("x0"), { ...options, steps: 20 });
    steps.slice(0, -1).forEach((step, index) => {
      const c = scalarsOf(step);
      const [now, next] = [schedule(step.t), schedule(steps[index + 1].t)];
      const [fromX, fromX0] = [c.nextFromX, c.nextFromX0 + c.nextFromPrevious];
      const name = `${JSON.stringify(options)}, step ${index}`;
      assertWithin(name, [fromX0 + fromX * Math.sqrt(now)], [Math.sqrt(next)], 1e-6);
      assertWithin(name, [fromX ** 2 * (1 - now) + c.sigma ** 2], [1 - next], 1e-6);
    });
  }
});

Deno.test("stepScalars() give x0 itself in the last step, whatever the schedule's gamma(0)", () => {
  for (const options of OPTIONS.filter(({ sampler }) => sampler !== "renoise")) {
    for (const name of SCHEDULES) {
      const c = scalarsOf(
        samplerSteps(parseSchedule(name), meaningOf("v"), { ...options, steps: 3 })[2],
      );
      assertEquals([c.nextFromX0, c.nextFromX, c.nextFromPrevious, c.sigma], [1, 0, 0, 0], name);
    }
  }
});

Deno.test("stepScalars() are finite from t = 1 for schedules of every steepness", () => {
  const steep = ["sigmoid(-3,3,0.1)", "sigmoid(-3,3,0.05)", "cosine(0,1,20)", "sigmoid(0,3,0.01)"];
  for (const name of [...SCHEDULES, ...steep]) {
    const schedule = parseSchedule(name);
    for (const options of [...OPTIONS, { sampler: "heun" } as const]) {
      for (const times of ["uniform", "cosine", "logsnr"] as const) {
        for (const steps of [1, 2, 3, 10, 1000]) {
          for (
            const step of samplerSteps(schedule, meaningOf("eps"), { ...options, steps, times })
          ) {
            const c = scalarsOf(step);
            const what = `${name} ${JSON.stringify(options)} ${times} ${steps} at ${step.t}`;
            assert(Object.values(c).every(Number.isFinite), `${what}: ${JSON.stringify(c)}`);
            // Images stay about as large as they are: nothing is magnified on the way.
            const next = [c.nextFromX, c.nextFromX0, c.nextFromPrevious, c.sigma];
            assert(next.every((factor) => Math.abs(factor) < 20), `${what}: ${next}`);
          }
        }
      }
    }
  }
});

Deno.test("stepScalars() follow the reference with input scale and normalized input", () => {
  const [image, prediction, z, previous] = [data(40, 1), data(40, 2), data(40, 3), data(40, 6)];
  const schedule = parseSchedule("cosine");
  const times = samplingTimes(6, { spacing: "uniform", schedule });
  for (const { inputScale: scale, normalizeInput } of SCALES) {
    const seen = (gamma: number) => normalizeInput ? inputFactor(gamma, scale) : 1;
    for (const options of OPTIONS.filter(({ eta = 0 }) => eta === 0)) {
      for (const type of PREDICTIONS) {
        const meaning = meaningOf(type, scale, normalizeInput);
        samplerSteps(schedule, meaning, { ...options, steps: 6 }).forEach((step, i) => {
          const [now, next] = [schedule(times[i]), schedule(times[i + 1])];
          const gammas = { now, next, scale };
          const g = Float64Array.of(now);
          const x = image.map((value, k) => Math.sqrt(now) * scale * value + z[k]);
          const estimate = clipEstimate(fromPrediction(type, prediction, x, g, scale), x, g, scale);
          const { x0 } = estimate;
          const wanted = () => {
            if (options.sampler === "renoise") return renoiseStep(x0, z, gammas);
            if (i === 5) return x0;
            if (options.sampler === "ddim") return ddimStep(estimate, z, gammas, 0);
            if (options.sampler === "ddpm") {
              return ddpmStep(x, x0, z, gammas, options.variance ?? "small");
            }
            const before = i === 0 ? undefined : schedule(times[i - 1]);
            return dpmSolverStep(x, x0, previous, { ...gammas, before });
          };
          const asSeen = x.map((value) => value * seen(now));
          const { next: found } = apply(scalarsOf(step), asSeen, prediction, z, previous);
          const given = i < 5 ? seen(next) : options.sampler === "renoise" ? 1 / scale : 1;
          const what = `${JSON.stringify(options)}, ${JSON.stringify(meaning)}, step ${i}`;
          assertWithin(
            what,
            found,
            wanted().map((value) => value * given),
            2e-5 * Math.max(1, 1 / scale),
          );
        });
      }
    }
  }
});

Deno.test("stepScalars() of a perfect prediction sample the image itself at any input scale", () => {
  const [image, noise] = [data(40, 4, 0.3), data(40, 5)];
  const schedule = parseSchedule("sigmoid(-3,3,0.9)");
  for (const scale of SCALES) {
    for (const prediction of PREDICTIONS) {
      const meaning = { prediction, ...scale };
      for (
        const { t, estimate } of samplerSteps(schedule, meaning, { sampler: "ddim", steps: 5 })
      ) {
        const gamma = schedule(t);
        const c = noisingCoefficients(meaning, [gamma]);
        const seen = image.map((value, i) => c[0] * value + c[1] * noise[i]);
        const goal = image.map((value, i) => c[2] * value + c[3] * noise[i]);
        const found = seen.map((value, i) => estimate.x * value + estimate.output * goal[i]);
        // At t = 1 float32 leaves nothing of the image in x_t for eps to find it from.
        if (gamma > 1e-6 || prediction !== "eps") {
          assertWithin(`${JSON.stringify(meaning)} at ${t}`, found, image, 3e-5);
        }
      }
    }
  }
});

Deno.test("completeSampleOptions() refuses options out of range", () => {
  const steps = (options: SamplerOptions) =>
    samplerSteps(parseSchedule("cosine"), meaningOf("x0"), completeSampleOptions(options));
  assertEquals(steps({}).length, 100);
  for (const count of [0, -1, 2.5, NaN, 100_001]) {
    assertThrows(() => steps({ steps: count }), RangeError, `steps is ${count}: expected`);
  }
  for (const eta of [-0.1, 1.1, NaN]) {
    assertThrows(() => steps({ sampler: "ddim", eta }), RangeError, `eta is ${eta}: expected`);
  }
  for (const clip of [-0.1, 0, 1.1, NaN]) {
    assertThrows(() => steps({ clip }), RangeError, `clip is ${clip}: expected`);
  }
});

Deno.test("noisingCoefficients() give the reference's x_t and targets", () => {
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

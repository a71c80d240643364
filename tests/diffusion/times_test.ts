// When the network is evaluated.

import { assert, assertEquals, assertThrows } from "@std/assert";
import { completeSampleOptions } from "../../src/diffusion/sample_options.ts";
import { samplerSteps } from "../../src/diffusion/samplers.ts";
import { parseSchedule } from "../../src/diffusion/schedule.ts";
import { samplingTimes } from "../../src/diffusion/times.ts";
import { assertWithin } from "../helpers/close.ts";

const cosine = parseSchedule("cosine");
const PLAIN = { prediction: "x0", inputScale: 1, normalizeInput: false } as const;
const STEEP = ["sigmoid(-3,3,0.1)", "sigmoid(-3,3,0.05)", "cosine(0,1,20)", "sigmoid(0,3,0.01)"];

Deno.test("samplingTimes() fall evenly from 1, or a start below it, to 0", () => {
  assertEquals(samplingTimes(4, { spacing: "uniform", schedule: cosine }), [1, 0.75, 0.5, 0.25, 0]);
  assertEquals(samplingTimes(2, { spacing: "uniform", schedule: cosine, start: 0.6 }), [
    0.6,
    0.3,
    0,
  ]);
});

Deno.test("samplingTimes() of cosine are closer at both ends", () => {
  const r = Math.SQRT1_2;
  assertWithin(
    "4",
    samplingTimes(4, { spacing: "cosine", schedule: cosine }),
    [1, (1 + r) / 2, 0.5, (1 - r) / 2, 0],
    1e-15,
  );
});

Deno.test("samplingTimes() of logsnr are even in the log of the signal-to-noise ratio", () => {
  for (const name of ["cosine", "linear", "sigmoid", "sigmoid(-3,3,0.9)", "cosine(0.2,1,1)"]) {
    const schedule = parseSchedule(name);
    const times = samplingTimes(20, { spacing: "logsnr", schedule: schedule });
    assertEquals([times[0], times[20]], [1, 0]);
    const logSnr = times.slice(1, -1).map((t) => Math.log(schedule(t) / (1 - schedule(t))));
    const gaps = logSnr.slice(1).map((value, i) => value - logSnr[i]);
    assertWithin(name, gaps, gaps.map(() => gaps[0]), 1e-6);
    // The ends lie where the schedule, or sigma / alpha = 80 and 0.002, has them.
    const ends = [1, 0].map((t) => Math.log(schedule(t) / (1 - schedule(t))));
    const low = Math.max(ends[0], -2 * Math.log(80));
    assertWithin(`${name}: first`, [logSnr[0] - gaps[0]], [low], 1e-6);
    const high = Math.min(ends[1], -2 * Math.log(0.002));
    assertWithin(`${name}: last`, [logSnr[18] + gaps[0]], [high], 1e-6);
  }
});

Deno.test("samplingTimes() fall and stay finite for any number and steepness", () => {
  for (const spacing of ["uniform", "cosine", "logsnr"] as const) {
    for (const name of ["cosine", "linear", ...STEEP]) {
      for (const start of [1, 0.5, 1e-3, 1e-12]) {
        for (const intervals of [1, 2, 3, 1000]) {
          const times = samplingTimes(intervals, { spacing, schedule: parseSchedule(name), start });
          const what = `${spacing} ${name} from ${start}, ${intervals}`;
          assertEquals([times.length, times[0], times.at(-1)], [intervals + 1, start, 0], what);
          assert(times.every((t, i) => i === 0 || t <= times[i - 1]), what);
        }
      }
    }
  }
});

Deno.test("samplerSteps() count evaluations of the network, for heun too", () => {
  for (const sampler of ["ddpm", "ddim", "dpm++", "renoise"] as const) {
    assertEquals(samplerSteps(cosine, PLAIN, { sampler, steps: 7 }).length, 7);
  }
  for (const [steps, made] of [[1, 1], [2, 2], [3, 2], [4, 4], [10, 10], [11, 10], [100, 100]]) {
    assertEquals(samplerSteps(cosine, PLAIN, { sampler: "heun", steps }).length, made);
  }
  for (const steps of [0, -1, 2.5, NaN, 100_001]) {
    assertThrows(() => completeSampleOptions({ steps }), RangeError, `steps is ${steps}: expected`);
  }
});

Deno.test("samplingTimes() along another schedule have the gammas of that schedule", () => {
  for (const [trained, sampled] of [["linear", "cosine"], ["sigmoid(-3,3,0.9)", "log(1,100)"]]) {
    const [schedule, along] = [trained, sampled].map(parseSchedule);
    const times = samplingTimes(8, { spacing: "uniform", schedule, along });
    assertEquals([times.length, times[0], times[8]], [9, 1, 0]);
    times.slice(1, -1).forEach((t, i) => {
      const wanted = along(1 - (i + 1) / 8);
      assertWithin(`${trained} along ${sampled}, ${i}`, [schedule(t)], [wanted], 1e-12);
    });
    // From a start below 1 the first time is that, and the way is shared evenly from there.
    const [first, second] = samplingTimes(2, { spacing: "uniform", schedule, along, start: 0.5 });
    assertEquals(first, 0.5);
    let begin = 0;
    for (let t = 0; t < 1; t += 1e-4) if (along(t) > schedule(0.5)) begin = t;
    assertWithin(`${sampled}, half way`, [schedule(second)], [along(begin / 2)], 2e-3);
  }
  const same = samplingTimes(5, { spacing: "uniform", schedule: cosine, along: cosine });
  assertWithin("its own", same, [1, 0.8, 0.6, 0.4, 0.2, 0], 1e-12);
});

Deno.test("samplerSteps() go further than the next evaluation with a time difference", () => {
  const linear = parseSchedule("linear");
  const options = { sampler: "ddim", steps: 4, timeDifference: 0.5 } as const;
  const steps = samplerSteps(linear, PLAIN, options);
  assertEquals(steps.map(({ t }) => t), [1, 0.75, 0.5, 0.25]);
  // Of ddim: to alpha x0 + sigma eps of the time that is half a step further.
  for (const [i, to] of [[0, 0.625], [1, 0.375], [2, 0.125]]) {
    const now = 1 - steps[i].t;
    const x = Math.sqrt(to) / Math.sqrt(1 - Math.max(1e-9, now));
    const { factors } = steps[i];
    assertWithin(`${i}: x`, [factors.x], [x], 1e-8);
    assertWithin(`${i}: x0`, [factors.x0], [Math.sqrt(1 - to) - x * Math.sqrt(now)], 1e-4);
  }
  assertEquals(steps[3].factors, { x: 0, x0: 1, previous: 0, sigma: 0 });
  // One that goes beyond the end arrives at the estimate, and continues from there.
  const far = samplerSteps(linear, PLAIN, { ...options, timeDifference: 2 });
  assertEquals(far[1].factors, { x: 0, x0: 1, previous: 0, sigma: 0 });
  assertEquals(
    samplerSteps(linear, PLAIN, { ...options, timeDifference: 0 }),
    samplerSteps(linear, PLAIN, { sampler: "ddim", steps: 4 }),
  );
});

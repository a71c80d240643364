// Every sampler on data whose perfect denoiser is known: where it ends, and how fast its error falls.

import { assert } from "@std/assert";
import type { PredictionMeaning } from "../../src/diffusion/prediction.ts";
import { type SamplerOptions, samplerSteps } from "../../src/diffusion/samplers.ts";
import { parseSchedule } from "../../src/diffusion/schedule.ts";
import { assertWithin } from "../helpers/close.ts";
import { denoiser, exact, type Normal, run } from "./gaussian.ts";

const DATA: Normal = { mean: 0.3, deviation: 0.4 };

const PLAIN: PredictionMeaning = { prediction: "v", inputScale: 1, normalizeInput: false };

function ends(name: string, options: SamplerOptions, changed?: Partial<PredictionMeaning>): Normal {
  const [schedule, meaning] = [parseSchedule(name), { ...PLAIN, ...changed }];
  return run(DATA, schedule, meaning, samplerSteps(schedule, meaning, options));
}

/** The larger of the errors of mean and deviation. */
function error(name: string, options: SamplerOptions): number {
  const [found, wanted] = [ends(name, options), exact(DATA, parseSchedule(name))];
  return Math.max(
    Math.abs(found.mean - wanted.mean),
    Math.abs(found.deviation - wanted.deviation),
  );
}

const ORDERS: readonly [SamplerOptions, number][] = [
  [{ sampler: "ddim" }, 1],
  [{ sampler: "dpm++" }, 2],
  [{ sampler: "heun" }, 2],
];

for (const [options, order] of ORDERS) {
  Deno.test(`samplerSteps() of ${options.sampler} has an error of order ${order}`, () => {
    for (const name of ["cosine", "linear", "sigmoid(-3,3,0.9)"]) {
      // The order shows when steps are small, and with "logsnr" before what it leaves out at the ends.
      for (const [times, steps] of [["cosine", 200], ["logsnr", 40]] as const) {
        const at = (steps: number) => error(name, { ...options, times, steps });
        const [few, many] = [at(steps), at(4 * steps)];
        const found = Math.log2(few / many) / 2;
        const what = `${name}, ${times}: ${few} with ${steps} steps, then ${many}: order ${found}`;
        assert(Math.abs(found - order) < 0.3, what);
        assert(many < (order === 1 ? 8e-3 : 1e-3), what);
      }
    }
  });
}

Deno.test("samplerSteps() of second order beat those of first at equal cost, from 10 evaluations up", () => {
  for (const steps of [10, 25, 100]) {
    const [ddim, dpm, heun] = ORDERS.map(([options]) => error("cosine", { ...options, steps }));
    assert(dpm < ddim && heun < ddim, `${steps} steps: ${ddim}, ${dpm}, ${heun}`);
  }
});

Deno.test("samplerSteps() with noise end at the data's mean and deviation", () => {
  const noisy: SamplerOptions[] = [
    { sampler: "ddpm" },
    { sampler: "ddpm", variance: "large" },
    { sampler: "ddim", eta: 1 },
    { sampler: "ddim", eta: 0.5 },
  ];
  for (const options of noisy) {
    for (const name of ["cosine", "linear", "sigmoid(-3,3,0.9)"]) {
      const at = (steps: number) => ends(name, { ...options, times: "cosine", steps });
      const [few, many] = [at(50), at(800)];
      const what = `${JSON.stringify(options)}, ${name}`;
      assertWithin(what, [many.mean, many.deviation], [DATA.mean, DATA.deviation], 3e-3);
      const [before, after] = [few, many].map((v) => Math.abs(v.deviation - DATA.deviation));
      assert(after < before / 8, `${what}: ${before} with 50 steps, ${after} with 800`);
    }
  }
});

Deno.test("samplerSteps() of renoise keep the mean and narrow the spread, as its variance says", () => {
  // Each step: Var(E[x0 | x_t]) of the signal is left, and the new level's noise is added.
  const schedule = parseSchedule("cosine");
  for (const steps of [1, 7, 50]) {
    let variance = 1;
    for (let i = 0; i < steps; i++) {
      const [now, next] = [i, i + 1].map((k) => schedule(1 - k / steps));
      const { slope } = denoiser(DATA, now);
      variance = next * slope ** 2 * variance + 1 - next;
    }
    const found = ends("cosine", { sampler: "renoise", steps });
    assertWithin(`${steps} steps`, [found.deviation], [Math.sqrt(variance)], 1e-9);
    if (steps === 50) assertWithin("mean", [found.mean], [DATA.mean], 1e-6);
  }
});

Deno.test("samplerSteps() end alike for any prediction that is perfect", () => {
  for (const sampler of ["ddpm", "ddim", "dpm++", "heun", "renoise"] as const) {
    const [eps, x0, v] = (["eps", "x0", "v"] as const).map((type) =>
      ends("cosine", { sampler, steps: 12 }, { prediction: type })
    );
    for (const other of [eps, v]) {
      assertWithin(sampler, [other.mean, other.deviation], [x0.mean, x0.deviation], 1e-9);
    }
  }
});

Deno.test("samplerSteps() end at the data's own scale with input scale and normalized input", () => {
  for (const sampler of ["ddpm", "ddim", "dpm++", "heun"] as const) {
    for (const normalizeInput of [false, true]) {
      const found = ends("cosine", { sampler, steps: 400 }, { inputScale: 0.5, normalizeInput });
      const what = `${sampler} ${normalizeInput}`;
      assertWithin(what, [found.mean, found.deviation], [DATA.mean, DATA.deviation], 1e-2);
    }
  }
});

// Gamma schedules against the golden ones and the float64 references.

import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { parseSchedule } from "../../src/diffusion/schedule.ts";
import { assertWithin } from "../helpers/close.ts";
import { readGolden } from "../helpers/golden.ts";
import { gamma } from "../reference/diffusion.ts";

const NAMES = [
  "linear",
  "cosine",
  "sigmoid",
  "sigmoid(-3,3,0.9)",
  "sigmoid(0,3,0.3)",
  "cosine(0.2,1,1)",
  "cosine(0,1,2)",
  "linear-beta",
  "log(1,100)",
  "log(100,1)",
];

for (const name of ["linear", "cosine", "sigmoid"] as const) {
  Deno.test(`parseSchedule() gives the golden ${name} at 101 points`, () => {
    const misc = readGolden("misc");
    const schedule = parseSchedule(name);
    const exact = Array.from({ length: 101 }, (_, i) => schedule(i / 100));
    assertWithin(name, exact, misc.f64(`gamma_f64.${name}`), 6e-8);
    const rounded = Array.from(misc.f64("gamma.t"), schedule);
    assertWithin(name, rounded, misc.f64(`gamma.${name}`), 3e-7);
  });
}

for (const kind of ["sigmoid", "cosine"] as const) {
  Deno.test(`parseSchedule() gives the paper's ${kind}(start,end,tau)`, () => {
    const members = kind === "sigmoid"
      ? [[-3, 3, 0.9], [0, 3, 0.3], [-1.5, 2, 1]]
      : [[0, 1, 1], [0.2, 1, 1], [0, 1, 3], [0.3, 0.9, 0.5]];
    for (const [start, end, tau] of members) {
      const schedule = parseSchedule(`${kind}(${start}, ${end}, ${tau})`);
      for (let t = 0; t <= 1; t += 1 / 64) {
        const wanted = gamma({ kind, start, end, tau }, t);
        assertAlmostEquals(schedule(t), wanted, 1e-12, `${start} ${end} ${tau} at ${t}`);
      }
    }
  });
}

Deno.test("parseSchedule() falls from about 1 to about 0, within [1e-9, 1]", () => {
  for (const name of NAMES) {
    const schedule = parseSchedule(name);
    let before = 1;
    for (let i = 0; i <= 1000; i++) {
      const now = schedule(i / 1000);
      assert(now <= before && now >= 1e-9, `${name} at ${i}: ${now} after ${before}`);
      before = now;
    }
    assert(schedule(0) > 0.993 && schedule(1) < 0.007, name);
  }
  assertEquals(parseSchedule("linear")(1), 1e-9);
  assertEquals(parseSchedule("cosine")(0), 1);
});

Deno.test("parseSchedule() gives DDPM's product of 1 - beta, and Nichol & Dhariwal's cosine", () => {
  const [linear, cosine] = [parseSchedule("linear-beta"), parseSchedule("cosine(0.0079365,1,1)")];
  let product = 1;
  for (let step = 1; step <= 1000; step++) {
    product *= 1 - (1e-4 + (0.02 - 1e-4) * (step - 1) / 999);
    const t = step / 1000;
    assertAlmostEquals(linear(t), product, 2e-3, `${step}`);
    const at = (time: number) => Math.cos((time + 0.008) / 1.008 * Math.PI / 2) ** 2;
    assertAlmostEquals(cosine(t), Math.max(1e-9, at(t) / at(0)), 1e-7, `${step}`);
  }
});

Deno.test("parseSchedule() gives pix2seq's log@start,end, and its reverse the other way round", () => {
  for (const [start, end] of [[1, 100], [100, 1], [0.5, 3]]) {
    const schedule = parseSchedule(`log(${start},${end})`);
    for (const t of [0.125, 0.5, 0.8125]) {
      const ratio = Math.log((start + t * (end - start)) / start) / Math.log(end / start);
      assertAlmostEquals(schedule(t), 1 - ratio, 1e-12, `${start} ${end} at ${t}`);
    }
  }
});

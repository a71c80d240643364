import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { RunEstimate } from "../../cli/terminal/run_estimate.ts";
import type { Activity, RunEvent } from "../../src/run/events.ts";
import { completeSettings } from "../../src/run/settings.ts";

const settings = completeSettings({
  training: { steps: 100, batchSize: 10, selfCondRate: 1 },
  run: {
    ...{ validEvery: 50, validCount: 20, sampleEvery: 50, sampleCount: 32, sampleSteps: 10 },
  },
});
/** Of an image and pass, in the run below: a step takes 1 s. */
const STEP = 1000, VALID = 100, SAMPLE = 50;

/** Plays a run to a step, and gives the time left at each event and how long it then took. */
function play(): { at: string; told: number | undefined; left: number }[] {
  let now = 0;
  const estimate = new RunEstimate(() => now);
  const seen: { at: string; told: number | undefined; time: number }[] = [];
  const tell = (event: RunEvent, at: string) =>
    seen.push({ at, told: estimate.observe(event), time: now });
  const progress = (step: number, activity?: Activity) =>
    tell({ type: "progress", step, steps: 100, activity }, `${step} ${activity?.name ?? ""}`);
  tell({ type: "started", folder: "r", settings, step: 0, resumed: false }, "start");
  const during = (step: number, name: Activity["name"], total: number, each: number) => {
    for (let done = 0; done <= total; done++) {
      progress(step, { name, done, total });
      if (done < total) now += each;
    }
  };
  progress(0);
  for (let step = 1; step <= 100; step++) {
    now += STEP;
    progress(step);
    if (step % 50 !== 0) continue;
    during(step, "validating", 20, VALID);
    tell({ type: "validated", step, validLoss: 1 }, "");
    const images = step === 100 ? 32 : 16;
    during(step, "sampling", 10, images * SAMPLE);
    tell({ type: "sampled", step, count: images, path: "" }, "");
  }
  return seen.map(({ at, told, time }) => ({ at, told, left: now - time }));
}

Deno.test("RunEstimate includes all validations and grids to come", () => {
  const seen = play();
  const at = (name: string) => seen.filter((one) => one.at === name);
  // 100 steps, 40 images, and 480 drawn in 10 steps.
  assertEquals(seen[0].left, 100 * STEP + 40 * VALID + 480 * SAMPLE);
  assertEquals(at("0 ")[0].told, undefined, "nothing has been measured");
  // What was measured once is known: from the first grid on it is right to the millisecond.
  for (const name of ["51 ", "75 ", "100 ", "100 validating", "100 sampling"]) {
    for (const { told, left } of at(name)) assertAlmostEquals(told!, left, 1, name);
  }
  assert(at("100 ")[0].told! > 15_000, "the last step is not the end");
  assertEquals(at("100 sampling").at(-1)!.told, 0);
  // Before that it is of the right size: a step of 10 images counts as four passes of each.
  const { told, left } = at("10 ")[0];
  assert(told! > 0.7 * left && told! < 1.3 * left, `${told} of ${left}`);
});

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  fromFragment,
  indicesOf,
  labelOf,
  readSettings,
  sampleOptions,
  type Settings,
  toFragment,
  toRecord,
  USUAL,
} from "../../page/settings.ts";

const IDENTITY = "0123456789abcdef".repeat(4);

const odd: Settings = {
  seed: 4294967295,
  count: 9,
  steps: 1000,
  sampler: "ddim",
  classes: [0, 1, 2],
  guidance: 2.5,
  times: "logsnr",
  sampleSchedule: "sigmoid(-3,3,0.9)",
  timeDifference: 1,
  eta: 0.25,
  variance: "large",
  clip: "0.995",
  warmStart: 0.5,
  selfCondDecay: 0.25,
  interpolate: [3, 8],
};

Deno.test("fromFragment() and toRecord() give all settings back", () => {
  for (
    const settings of [USUAL, odd, { ...odd, index: 7, count: 5000 }, {
      ...USUAL,
      classes: [2, 0, 2],
    }]
  ) {
    const fragment = toFragment(settings, IDENTITY, 3);
    const { settings: again, problems } = readSettings(fromFragment(`#${fragment}`), USUAL, 3);
    assertEquals([again, problems], [settings, []]);
    const record = { ...toRecord(settings, IDENTITY), index: settings.index };
    assertEquals(readSettings(record, odd, 3).settings, {
      ...settings,
      interpolate: settings.interpolate ?? odd.interpolate,
      sampleSchedule: settings.sampleSchedule ?? odd.sampleSchedule,
      classes: settings.classes.length > 0 ? settings.classes : odd.classes,
    });
  }
});

Deno.test("toFragment() is short, and names its network", () => {
  assertEquals(
    toFragment({ ...USUAL, seed: 7, classes: [0, 1, 2] }, IDENTITY, 3),
    "seed=7&count=16&steps=25&sampler=dpm%2B%2B&class=0..2&network=0123456789ab",
  );
  assertEquals(fromFragment(""), {});
});

Deno.test("toRecord() has the keys of rin sample's record", () => {
  assertEquals(
    JSON.stringify(toRecord({ ...USUAL, seed: 7, classes: [1] }, IDENTITY)),
    `{"checkpoint":"${IDENTITY}","count":16,"steps":25,"sampler":"dpm++","times":"uniform",` +
      `"timeDifference":0,"eta":0,"variance":"small","clip":"on","warmStart":1,` +
      `"selfCondDecay":0,"seed":7,"class":"1","guidance":1}`,
  );
});

Deno.test("readSettings() reports what makes no sense and keeps the defaults", () => {
  const wrong = (fields: Record<string, unknown>, numClasses = 3) => {
    const { settings, problems } = readSettings(fields, USUAL, numClasses);
    assertEquals([settings, problems.length], [USUAL, 1], JSON.stringify(fields));
    return problems[0];
  };
  assertEquals(wrong({ steps: "0" }), "steps is 0: expected a whole number from 1 to 1000.");
  for (const seed of ["", "-1", "1e99", "4294967296", "1.5", "x", "NaN"]) wrong({ seed });
  wrong({ count: "101" });
  wrong({ sampler: "euler" });
  wrong({ times: "toString" });
  wrong({ clip: "2" });
  wrong({ eta: "1.1" });
  wrong({ guidance: "1001" });
  wrong({ interpolate: "3" });
  for (const list of ["3", "-1", "0..3", "2..1", "a", "0,,1"]) wrong({ class: list });
  assertStringIncludes(wrong({ class: "1" }, 0), "none: this network has no classes");
  assertStringIncludes(wrong({ guidance: "2" }, 0), "has no classes");
  assert(wrong({ sampler: "x".repeat(1000) }).length < 120);
});

Deno.test("sampleOptions() gives what the sampler is asked for", () => {
  const { indices, labels, clip, ...rest } = sampleOptions({ ...odd, index: 7 });
  assertEquals([indices, labels, clip], [[7], [1], 0.995]);
  assertEquals([rest.count, rest.seed, rest.times, rest.interpolate], [9, odd.seed, "logsnr", [
    3,
    8,
  ]]);
  assertEquals("index" in rest, false);
  assertEquals("labels" in sampleOptions(USUAL), false);
  assertEquals(indicesOf({ ...USUAL, count: 3 }), [0, 1, 2]);
  assertEquals([labelOf(USUAL, 0), labelOf(odd, 4)], [undefined, 1]);
});

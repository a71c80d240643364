// The counts and the chart of docs/scaling.md.

import { assert, assertAlmostEquals, assertEquals, assertStringIncludes } from "@std/assert";
import { scalingChart } from "../../bench/scaling/chart.ts";
import { FIGURE_1, nearest } from "../../bench/scaling/figure1.ts";
import { SMALL } from "../../bench/scaling/measure.ts";
import { ADM, transformerFlops, unetFlops } from "../../bench/scaling/peers.ts";
import { costsAt } from "../../bench/scaling/plans.ts";
import { completeConfig } from "../../src/model/config.ts";
import { forwardFlops } from "../../src/model/flops.ts";
import { PRESETS } from "../../src/run/presets.ts";

Deno.test("unetFlops() and transformerFlops() agree with published counts of multiply-adds", () => {
  // Peebles & Xie 2023, tables 2 and 4.
  const giga = (flops: number) => flops / 2e9;
  assertAlmostEquals(giga(unetFlops(ADM[256], 256)), 1120, 1);
  assertAlmostEquals(giga(unetFlops(ADM[512], 512)), 1983, 1);
  const dit = { width: 1152, depth: 28, patch: 2, channels: 4 };
  assertAlmostEquals(giga(transformerFlops(dit, 32)), 118.64, 0.1);
  assertAlmostEquals(giga(transformerFlops(dit, 64)), 524.6, 0.2);
});

Deno.test("a RIN's work and memory are a constant and a share of the pixels", () => {
  const [small, middle, large] = [128, 256, 512].map((size) => costsAt(SMALL, size));
  assertEquals(large.flops - middle.flops, 4 * (middle.flops - small.flops));
  for (const key of ["training", "checkpointed", "sampling"] as const) {
    const ratio = (large[key] - middle[key]) / (middle[key] - small[key]);
    assert(ratio > 3.5 && ratio < 4.3, `${key} ${ratio}`);
  }
  assert(large.checkpointed < large.training);
});

Deno.test("two layers more and wider read and write come within 5% of Figure 1", () => {
  for (const [name, figure] of Object.entries(FIGURE_1)) {
    const found = forwardFlops(nearest(completeConfig(PRESETS[name].network))) / 1e9;
    assert(Math.abs(found / figure - 1) < 0.05, `${name} ${found}`);
  }
});

Deno.test("scalingChart() draws what grows with the pixels along its dashed line", () => {
  const sizes = [32, 64, 128];
  const svg = scalingChart("a < b", sizes, [
    { label: "linear & more", values: sizes.map((size) => size ** 2) },
    { label: "constant", values: [5000, 5000, 5000] },
  ]);
  assertStringIncludes(svg, "a &lt; b");
  assertStringIncludes(svg, "linear &amp; more");
  const pathOf = (kind: string) =>
    svg.match(new RegExp(`class="${kind}" d="M([^"]*L[^"]*)"`))![1].split("L");
  const [line, guide] = [pathOf("l0"), pathOf("guide")];
  assertEquals(guide, [line[0], line[2]]);
  const heights = pathOf("l1").map((point) => point.split(" ")[1]);
  assertEquals(new Set(heights).size, 1);
});

import { assert, assertEquals } from "@std/assert";
import { noisePlotSvg } from "../../cli/evaluation/noise_plot.ts";

const level = (logSnr: number, loss: number) => ({
  t: 0.5,
  gamma: 0.5,
  logSnr,
  eps: loss,
  x0: 10 * loss,
  v: 100 * loss,
});

/** The points of the curve of that class (not the stroke in the legend). */
function curve(svg: string, kind: string): number[][] {
  const path = [...svg.matchAll(/<path class="(\w+)" d="M([^"h]*)"/g)].find((m) => m[1] === kind);
  return path![2].split("L").map((pair) => pair.split(" ").map(Number));
}

Deno.test("noisePlotSvg() draws each loss by its logarithm, from noise to image, inside the frame", () => {
  const svg = noisePlotSvg([level(4, 0.1), level(-4, 1), level(0, 0.01)], "A <b> & c");
  assert(svg.startsWith("<svg ") && svg.includes("A &lt;b&gt; &amp; c"));
  const [eps, x0, v] = ["eps", "x0", "v"].map((kind) => curve(svg, kind));
  assertEquals(eps.map(([x]) => x), [58, 340, 622]);
  // Down by 2 powers of ten, up by 1; v lies 2 above eps.
  const [first, second, third] = eps.map(([, y]) => y);
  assert(Math.abs((second - first) / (second - third) - 2) < 0.01);
  assert(Math.abs((first - v[0][1]) / (second - first) - 1) < 0.01);
  for (const [, y] of [...eps, ...x0, ...v]) assert(y > 66 && y < 316, `${y}`);
});

Deno.test("noisePlotSvg() draws one level, and leaves out losses that can't be drawn", () => {
  for (const levels of [[level(1, 0.5)], [level(-1, NaN), level(1, 0)]]) {
    assertEquals(noisePlotSvg(levels, "t").match(/NaN|Infinity|undefined/), null);
  }
});

import { assert, assertAlmostEquals, assertEquals, assertLess } from "@std/assert";
import { lossCurveSvg, type LossPoint } from "../../cli/loss_curve.ts";

const BOX = { left: 58, right: 622, top: 66, bottom: 316 };

/** The points of the curve of that class (not the stroke in the legend). */
function curve(svg: string, kind: string): [x: number, y: number][] {
  const path = svg.matchAll(/<path class="(\w+)" d="M([^"h]*)"/g).find((m) => m[1] === kind);
  return path === undefined
    ? []
    : path[2].split("L").map((pair) => pair.split(" ").map(Number) as [number, number]);
}

function texts(svg: string): string[] {
  return [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map((m) => m[1]);
}

function wellFormed(svg: string): void {
  assert(svg.startsWith("<svg xmlns=") && svg.endsWith("</svg>\n"));
  assert(svg.includes('viewBox="0 0 640 360"'));
  assertEquals(svg.match(/NaN|Infinity|undefined|null/), null);
  const open: string[] = [];
  for (const [, close, name, attributes] of svg.matchAll(/<(\/?)(\w+)([^>]*)>/g)) {
    if (close) assertEquals(open.pop(), name);
    else if (!attributes.endsWith("/")) open.push(name);
  }
  assertEquals(open, []);
  assert(!/&(?!amp;|lt;|gt;)/.test(svg));
  for (const kind of ["loss", "average", "valid"]) {
    for (const [x, y] of curve(svg, kind)) {
      assert(
        x >= BOX.left && x <= BOX.right && y >= BOX.top && y <= BOX.bottom,
        `${kind} ${x} ${y}`,
      );
    }
  }
}

const falling = (count: number, to = 0.5): LossPoint[] =>
  Array.from({ length: count }, (_, i) => ({ step: i + 1, loss: 1 - (1 - to) * i / (count - 1) }));

Deno.test("a falling loss is a straight line from the top left to the bottom right", () => {
  const svg = lossCurveSvg(falling(101), { title: "Faces" });
  wellFormed(svg);
  const points = curve(svg, "loss");
  assertEquals(points.length, 101);
  for (const [i, [x, y]] of points.entries()) {
    assertAlmostEquals(x, BOX.left + (BOX.right - BOX.left) * (i + 1) / 101, 0.06);
    // From 1 to 0.5 on an axis from 0 to 1.
    assertAlmostEquals(y, BOX.top + (BOX.bottom - BOX.top) * 0.5 * i / 100, 0.06);
  }
  for (const words of ["Faces", "step", "0.0", "0.2", "1.0", "20", "100", "loss"]) {
    assert(texts(svg).includes(words), `no '${words}' in ${texts(svg)}`);
  }
});

Deno.test("a range over twentyfold gets a log axis, others do not", () => {
  const isLog = (low: number) =>
    texts(lossCurveSvg([{ step: 1, loss: 1 }, { step: 9, loss: low }])).some((t) =>
      t.includes("log")
    );
  assertEquals([isLog(0.051), isLog(0.049), isLog(0), isLog(-1)], [false, true, false, false]);
  const svg = lossCurveSvg([1, 0.1, 0.01, 0.001].map((loss, i) => ({ step: i, loss })));
  wellFormed(svg);
  const ys = curve(svg, "loss").map(([, y]) => y);
  assertAlmostEquals(ys[1] - ys[0], ys[3] - ys[2], 0.11);
  for (const words of ["1", "0.1", "0.01", "0.001"]) assert(texts(svg).includes(words));
});

Deno.test("the average is the given one, or a smooth and unbiased one of the losses", () => {
  const given = lossCurveSvg(falling(20).map((p) => ({ ...p, average: 0.7 })));
  assertEquals(new Set(curve(given, "average").map(([, y]) => y)).size, 1);
  assert(texts(given).includes("average 0.7"));

  const noisy = falling(400, 0.8).map((p, i) => ({ ...p, loss: p.loss + (i % 2 ? 0.1 : -0.1) }));
  const swing = (s: [number, number][]) =>
    Math.max(...s.slice(200).map(([, y], i) => Math.abs(y - s[199 + i][1])));
  const svg = lossCurveSvg(noisy);
  assertLess(swing(curve(svg, "average")), swing(curve(svg, "loss")) / 4);
  assertEquals(curve(svg, "average")[0], curve(svg, "loss")[0]);
});

Deno.test("validation losses have a curve, dots and a place in the legend", () => {
  const svg = lossCurveSvg(falling(50).map((p, i) => i % 10 === 9 ? { ...p, validLoss: 0.6 } : p));
  wellFormed(svg);
  assertEquals(curve(svg, "valid").length, 5);
  assertEquals(svg.match(/<circle/g)?.length, 5);
  assert(texts(svg).includes("validation 0.6"));
  assert(!texts(lossCurveSvg(falling(50))).some((t) => t.includes("validation")));
});

Deno.test("no point and one point are drawn", () => {
  wellFormed(lossCurveSvg([]));
  assert(texts(lossCurveSvg([])).includes("no losses yet"));
  for (const loss of [0.3, 0, -2, 1e-7, 1e9]) {
    const svg = lossCurveSvg([{ step: 7, loss }]);
    wellFormed(svg);
    const at = svg.match(/class="loss" d="M340 ([\d.]+)h/);
    assert(at !== null && Number(at[1]) >= BOX.top && Number(at[1]) <= BOX.bottom, String(loss));
    assert(texts(svg).includes("7"));
  }
});

Deno.test("100,000 points are decimated and keep every extreme", () => {
  const points = Array.from(
    { length: 100_000 },
    (_, i) => ({ step: i, loss: 0.5 + 0.1 * Math.sin(i) + (i === 61_803 ? 0.4 : 0) }),
  );
  const svg = lossCurveSvg(points);
  wellFormed(svg);
  assertLess(svg.length, 60_000);
  const drawn = curve(svg, "loss");
  assert(drawn.length > 1000 && drawn.length < 1400, `${drawn.length} points`);
  assert(new Set(drawn.map(String)).size > 1000, "a column's lowest and highest point differ");
  const [x, y] = drawn.reduce((a, b) => b[1] < a[1] ? b : a);
  assertAlmostEquals(x, BOX.left + (BOX.right - BOX.left) * 0.61804, 0.2);
  assertLess(y, drawn[0][1] - 50);
  assert(drawn.every(([x], i) => i === 0 || x >= drawn[i - 1][0]));
});

Deno.test("values that are not finite are left out, also from the axis", () => {
  const svg = lossCurveSvg([
    ...falling(30),
    { step: 31, loss: NaN, validLoss: Infinity },
    { step: 32, loss: Infinity, average: NaN },
    { step: NaN, loss: 1 },
  ]);
  wellFormed(svg);
  assertEquals(curve(svg, "loss"), curve(lossCurveSvg(falling(30)), "loss"));
});

Deno.test("very large, very small and equal values are drawn", () => {
  for (const scale of [1e-12, 1e-7, 1e6, 1e30]) {
    wellFormed(lossCurveSvg(falling(40).map((p) => ({ ...p, loss: p.loss * scale }))));
    wellFormed(lossCurveSvg(falling(40, 1e-9).map((p) => ({ ...p, loss: p.loss * scale }))));
    wellFormed(lossCurveSvg([1, 2, 3].map((step) => ({ step: step * 1e6, loss: scale }))));
  }
});

Deno.test("the title is escaped and cut where it would not fit", () => {
  const svg = lossCurveSvg(falling(3), { title: "<b>&" + "x".repeat(200) });
  wellFormed(svg);
  assert(svg.includes("&lt;b&gt;&amp;xxx") && svg.includes("x…</text>"));
});

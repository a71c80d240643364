/**
 * Draws figures over the side of a picture, both on scales of logarithms, as a self-contained SVG.
 *
 * @module
 */
import { label, logTicks, n, text } from "../../cli/evaluation/svg.ts";
import { escaped } from "../../src/formats/markup.ts";

/** A line of the chart, each with a color of its own. */
export interface Line {
  readonly label: string;
  /** A figure above 0 for each size. */
  readonly values: readonly number[];
}

const WIDTH = 640, HEIGHT = 380, LEFT = 70, RIGHT = 622, TOP = 84, BOTTOM = 330;

/** No CSS variables: many SVG viewers do not know them. */
const STYLE = `
    text { font: 12px system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif }
    .title { font-size: 15px; font-weight: 600; fill: #1f2328 } .soft { fill: #656d76 }
    .back { fill: #ffffff } .axis { stroke: #656d76 } .grid { stroke: #e7eaee }
    .guide { fill: none; stroke: #8c959f; stroke-dasharray: 4 4 }
    .l0, .l1, .l2 { fill: none; stroke-width: 2.5; stroke-linejoin: round; stroke-linecap: round }
    .l0 { stroke: #0b66c3 } .l1 { stroke: #d1570a } .l2 { stroke: #2a7d3f }
    .d0 { fill: #0b66c3 } .d1 { fill: #d1570a } .d2 { fill: #2a7d3f }
    @media (prefers-color-scheme: dark) {
    .title { fill: #e6edf3 } .soft { fill: #9198a1 }
    .back { fill: #0d1117 } .axis { stroke: #9198a1 } .grid { stroke: #262c36 }
    .guide { stroke: #6e7681 }
    .l0 { stroke: #58a6ff } .l1 { stroke: #f0883e } .l2 { stroke: #56d364 }
    .d0 { fill: #58a6ff } .d1 { fill: #f0883e } .d2 { fill: #56d364 }
    }`;

/**
 * Up to three lines, and a dashed one in proportion to pixels through the last value of the first.
 *
 * @param sizes sides in pixels, rising
 */
export function scalingChart(title: string, sizes: readonly number[], lines: readonly Line[]) {
  const all = lines.flatMap(({ values }) => values);
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const [from, to] = [Math.log10(low / 1.3), Math.log10(high * 1.3)];
  const [first, last] = [sizes[0], sizes.at(-1)!];
  const x = (size: number) =>
    LEFT + 14 + (RIGHT - LEFT - 28) * Math.log(size / first) / Math.log(last / first);
  const y = (value: number) => BOTTOM - (BOTTOM - TOP) * (Math.log10(value) - from) / (to - from);
  const path = (values: readonly number[], over = sizes) =>
    `M${values.map((value, i) => `${n(x(over[i]))} ${n(y(value))}`).join("L")}`;
  const end = lines[0].values.at(-1)!;
  // Where the dashed line leaves the chart, if it does.
  const least = Math.max(first, last * Math.sqrt(low / 1.3 / end));
  const legend = [...lines.map(({ label }) => label), "in proportion to pixels"];
  const places = legend.map((_, i) => [LEFT + 276 * (i % 2), 46 + 18 * Math.floor(i / 2)]);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img">`,
    `  <style>${STYLE}\n  </style>`,
    `  <rect class="back" width="${WIDTH}" height="${HEIGHT}" rx="8"/>`,
    `  <text class="title" x="${LEFT}" y="26">${escaped(title)}</text>`,
    ...logTicks(low, high).flatMap((tick) => [
      `  <path class="grid" d="M${LEFT} ${n(y(tick))}H${RIGHT}"/>`,
      text(LEFT - 8, n(y(tick) + 4), "end", tick < 1e5 ? tick.toLocaleString("en") : label(tick)),
    ]),
    ...sizes.flatMap((size) => [
      `  <path class="axis" d="M${n(x(size))} ${BOTTOM}v4"/>`,
      text(n(x(size)), BOTTOM + 18, "middle", `${size}`),
    ]),
    `  <path class="axis" d="M${LEFT} ${BOTTOM}H${RIGHT}"/>`,
    text((LEFT + RIGHT) / 2, HEIGHT - 12, "middle", "side of the picture, pixels"),
    `  <path class="guide" d="${path([end * (least / last) ** 2, end], [least, last])}"/>`,
    ...lines.flatMap(({ values }, i) => [
      `  <path class="l${i}" d="${path(values)}"/>`,
      ...values.map((value, at) =>
        `  <circle class="d${i}" cx="${n(x(sizes[at]))}" cy="${n(y(value))}" r="3.5"/>`
      ),
    ]),
    ...legend.flatMap((words, i) => {
      const [left, top] = places[i];
      const kind = i < lines.length ? `l${i}` : "guide";
      return [
        `  <path class="${kind}" d="M${left} ${top - 4}h18"/>`,
        text(left + 24, top, "start", escaped(words)),
      ];
    }),
  ].join("\n") + "\n</svg>\n";
}

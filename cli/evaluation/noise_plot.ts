/**
 * Draws the loss by noise level as a self-contained SVG. Pure: figures in, text out.
 *
 * @module
 */
import type { NoiseLevelLoss } from "../../src/eval/noise_levels.ts";
import { escaped } from "../../src/formats/markup.ts";
import { label, logTicks, n, text, ticks } from "./svg.ts";

const WIDTH = 640, HEIGHT = 360, LEFT = 58, RIGHT = 622, TOP = 66, BOTTOM = 316;

const SPACES = ["eps", "x0", "v"] as const;

/** No CSS variables: many SVG viewers do not know them. */
const STYLE = `
    text { font: 12px system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif }
    .title { font-size: 15px; font-weight: 600; fill: #1f2328 } .soft { fill: #656d76 }
    .back { fill: #ffffff } .axis { stroke: #656d76 } .grid { stroke: #e7eaee }
    .eps, .x0, .v { fill: none; stroke-width: 2.5; stroke-linejoin: round; stroke-linecap: round }
    .eps { stroke: #0b66c3 } .x0 { stroke: #d1570a } .v { stroke: #2a7d3f }
    @media (prefers-color-scheme: dark) {
    .title { fill: #e6edf3 } .soft { fill: #9198a1 }
    .back { fill: #0d1117 } .axis { stroke: #9198a1 } .grid { stroke: #262c36 }
    .eps { stroke: #58a6ff } .x0 { stroke: #f0883e } .v { stroke: #56d364 }
    }`;

/**
 * The losses of eps, x0 and v over log-SNR, noise to the left, on a log scale.
 *
 * @param levels one or more; losses that are not finite and positive are left out
 */
export function noisePlotSvg(levels: readonly NoiseLevelLoss[], title: string): string {
  const sorted = [...levels].sort((a, b) => a.logSnr - b.logSnr);
  const losses = sorted.flatMap((level) => SPACES.map((space) => level[space])).filter(drawable);
  const [low, high] = losses.length > 0 ? [Math.min(...losses), Math.max(...losses)] : [0.1, 1];
  const [from, to] = [Math.log10(low / 1.15), Math.log10(high * 1.15)];
  const [first, last] = [sorted[0].logSnr, sorted.at(-1)!.logSnr];
  const x = (logSnr: number) =>
    LEFT + (RIGHT - LEFT) * (last > first ? (logSnr - first) / (last - first) : 0.5);
  const y = (loss: number) => BOTTOM - (BOTTOM - TOP) * (Math.log10(loss) - from) / (to - from);
  const yTicks = logTicks(low, high).map((tick) => [
    `  <path class="grid" d="M${LEFT} ${n(y(tick))}H${RIGHT}"/>`,
    text(LEFT - 8, n(y(tick) + 4), "end", label(tick)),
  ]);
  const round = last > first ? ticks(first, last, 8) : [first];
  const xTicks = round.filter((tick) => tick >= first && tick <= last).map((tick) => [
    `  <path class="axis" d="M${n(x(tick))} ${BOTTOM}v4"/>`,
    text(n(x(tick)), BOTTOM + 18, "middle", label(tick)),
  ]);
  const curves = SPACES.map((space, i) => {
    const pairs = sorted.filter((level) => drawable(level[space]))
      .map((level) => `${n(x(level.logSnr))} ${n(y(level[space]))}`);
    const at = LEFT + 72 * i;
    return [
      `  <path class="${space}" d="M${n(at)} 44h18"/>`,
      text(n(at + 24), 48, "start", space),
      ...pairs.length > 0 ? [`  <path class="${space}" d="M${pairs.join("L")}"/>`] : [],
    ];
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img">`,
    `  <style>${STYLE}\n  </style>`,
    `  <rect class="back" width="${WIDTH}" height="${HEIGHT}" rx="8"/>`,
    `  <text class="title" x="${LEFT}" y="26">${escaped(title)}</text>`,
    ...yTicks.flat(),
    ...xTicks.flat(),
    `  <path class="axis" d="M${LEFT} ${BOTTOM}H${RIGHT}"/>`,
    text(
      (LEFT + RIGHT) / 2,
      HEIGHT - 10,
      "middle",
      "log-SNR: noise to the left, image to the right",
    ),
    ...curves.flat(),
  ].join("\n") + "\n</svg>\n";
}

const drawable = (loss: number) => loss > 0 && loss < 1e38;

/** Draws a run's losses as a self-contained SVG. Pure: text in, text out. */

import { escapeXml, label, logTicks, n, text, ticks } from "./svg.ts";

/** One logged step of a run. Values that are not finite are left out of the drawing. */
export interface LossPoint {
  step: number;
  loss: number;
  /** The smoothed loss; where no point has one it is computed from the losses. */
  average?: number;
  validLoss?: number;
}

type Pair = [x: number, y: number];

const WIDTH = 640, HEIGHT = 360, LEFT = 58, RIGHT = 622, TOP = 66, BOTTOM = 316;

/** No CSS variables: many SVG viewers do not know them. */
const colours = (
  back: string,
  ink: string,
  soft: string,
  grid: string,
  main: string,
  valid: string,
) => `
    .back { fill: ${back} } .title { fill: ${ink} } .soft { fill: ${soft} } .axis { stroke: ${soft} }
    .grid { stroke: ${grid} } .loss, .average { stroke: ${main} } .valid { stroke: ${valid} }
    .dot { fill: ${valid}; stroke: ${back} }`;

const STYLE = `
    text { font: 12px system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif }
    .title { font-size: 15px; font-weight: 600 }
    .loss, .average, .valid { fill: none; stroke-linejoin: round; stroke-linecap: round }
    .loss { stroke-opacity: .4 } .average { stroke-width: 2.5 } .valid { stroke-width: 1.5 }
    ${colours("#ffffff", "#1f2328", "#656d76", "#e7eaee", "#0b66c3", "#d1570a").trim()}
    @media (prefers-color-scheme: dark) {
    ${colours("#0d1117", "#e6edf3", "#9198a1", "#262c36", "#58a6ff", "#f0883e").trim()}
    }`;

/** The loss over the steps: raw, averaged and, where there are any, validation losses. */
export function lossCurveSvg(points: LossPoint[], options: { title?: string } = {}): string {
  const known = points.filter((p) => Number.isFinite(p.step)).sort((a, b) => a.step - b.step);
  const loss = series(known, (p) => p.loss);
  let average = series(known, (p) => p.average);
  if (average.length === 0 && loss.length >= 10) average = smooth(loss);
  const valid = series(known, (p) => p.validLoss);

  const [low, high] = range([loss, average, valid], 1);
  const log = low > 0 && high > 20 * low;
  const toY = log ? Math.log10 : (y: number) => y;
  const yTicks = log
    ? logTicks(low, high)
    : ticks(low > high / 2 ? low : Math.min(0, low), high, 6);
  const [yFrom, yTo] = log ? [toY(low / 1.15), toY(high * 1.15)] : [yTicks[0], yTicks.at(-1)!];
  let [first, last] = range([loss, average, valid], 0);
  if (first > 0 && first < last / 10) first = 0;
  const x = (step: number) =>
    LEFT + (RIGHT - LEFT) * (last > first ? (step - first) / (last - first) : 0.5);
  const y = (value: number) => BOTTOM - (BOTTOM - TOP) * (toY(value) - yFrom) / (yTo - yFrom);
  const place = (s: Pair[]) => decimate(s.map(([step, value]): Pair => [x(step), y(value)]));
  const empty = loss.length + average.length + valid.length === 0;
  const title = options.title ?? "Loss";

  const out = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img">`,
    `  <style>${STYLE}\n  </style>`,
    `  <rect class="back" width="${WIDTH}" height="${HEIGHT}" rx="8"/>`,
    `  <text class="title" x="${LEFT}" y="26">${
      escapeXml(title.length > 64 ? title.slice(0, 63) + "…" : title)
    }</text>`,
    ...legend([["loss", "loss", loss], ["average", "average", average], [
      "valid",
      "validation",
      valid,
    ]]),
  ];
  const digits = Math.max(...yTicks.map((t) => String(t).split(".")[1]?.length ?? 0));
  const plain = !log && yTicks.every((t) => /^-?\d{1,5}(\.\d{1,4})?$/.test(String(t)));
  for (const tick of empty ? [] : yTicks) {
    const at = n(y(tick));
    out.push(`  <path class="grid" d="M${LEFT} ${at}H${RIGHT}"/>`);
    const words = plain ? tick.toFixed(digits) : label(tick);
    out.push(text(LEFT - 8, n(y(tick) + 4), "end", words));
  }
  const xTicks = last > first ? ticks(first, last, 8) : [first];
  for (const tick of empty ? [] : xTicks) {
    if (tick < first || tick > last || !Number.isInteger(tick)) continue;
    out.push(`  <path class="axis" d="M${n(x(tick))} ${BOTTOM}v4"/>`);
    out.push(text(n(x(tick)), BOTTOM + 18, "middle", stepLabel(tick)));
  }
  out.push(`  <path class="axis" d="M${LEFT} ${BOTTOM}H${RIGHT}"/>`);
  out.push(
    text((LEFT + RIGHT) / 2, HEIGHT - 10, "middle", log ? "step (loss on a log scale)" : "step"),
  );

  if (empty) out.push(text((LEFT + RIGHT) / 2, (TOP + BOTTOM) / 2, "middle", "no losses yet"));
  out.push(
    ...line("loss", place(loss)),
    ...line("average", place(average)),
    ...line("valid", place(valid)),
  );
  if (valid.length > 0 && valid.length <= 60) {
    for (const [step, value] of valid) {
      out.push(`  <circle class="dot" cx="${n(x(step))}" cy="${n(y(value))}" r="3"/>`);
    }
  }
  return out.join("\n") + "\n</svg>\n";
}

function series(points: LossPoint[], value: (p: LossPoint) => number | undefined): Pair[] {
  return points.map((p): Pair => [p.step, value(p) ?? NaN]).filter(([, v]) => Math.abs(v) < 1e38);
}

/** Exponential average over about a fiftieth of the points, without a bias towards the first. */
function smooth(loss: Pair[]): Pair[] {
  const keep = 1 - 1 / Math.max(5, loss.length / 50);
  let sum = 0, weight = 0;
  return loss.map(([step, value]) => {
    sum = keep * sum + value;
    weight = keep * weight + 1;
    return [step, sum / weight];
  });
}

/** Smallest and largest of the steps (axis 0) or values (axis 1); values never span nothing. */
function range(all: Pair[][], axis: 0 | 1): [number, number] {
  let low = Infinity, high = -Infinity;
  for (const s of all) {
    for (const pair of s) {
      low = Math.min(low, pair[axis]);
      high = Math.max(high, pair[axis]);
    }
  }
  if (low > high) [low, high] = [0, 1];
  if (axis === 1 && low === high) {
    [low, high] = low === 0 ? [0, 1] : [Math.min(0, 2 * low), Math.max(0, 2 * high)];
  }
  return [low, high];
}

/** At most the lowest and highest point of every column one unit wide, in their order. */
function decimate(pairs: Pair[]): Pair[] {
  if (pairs.length <= 2 * WIDTH) return pairs;
  const out: Pair[] = [];
  for (let i = 0; i < pairs.length;) {
    const column = Math.floor(pairs[i][0]);
    let low = i, high = i;
    for (; i < pairs.length && Math.floor(pairs[i][0]) === column; i++) {
      if (pairs[i][1] < pairs[low][1]) low = i;
      if (pairs[i][1] > pairs[high][1]) high = i;
    }
    out.push(pairs[Math.min(low, high)]);
    if (low !== high) out.push(pairs[Math.max(low, high)]);
  }
  return out;
}

function line(kind: string, pairs: Pair[]): string[] {
  if (pairs.length === 0) return [];
  const path = pairs.map(([x, y]) => `${n(x)} ${n(y)}`).join("L");
  const dot = pairs.length === 1 ? 'h.1" style="stroke-width:6; stroke-opacity:1' : "";
  return [`  <path class="${kind}" d="M${path}${dot}"/>`];
}

/** A stroke and a name each, with the last value where it means something. */
function legend(entries: [kind: string, name: string, s: Pair[]][]): string[] {
  let at = LEFT;
  return entries.filter(([, , s]) => s.length > 0).flatMap(([kind, name, s]) => {
    const words = kind === "loss" ? name : `${name} ${label(s.at(-1)![1])}`;
    const stroke = `  <path class="${kind}" d="M${n(at)} 44h18"/>`;
    const entry = [stroke, text(n(at + 24), 48, "start", words)];
    at += 46 + words.length * 6.8;
    return entry;
  });
}

function stepLabel(step: number): string {
  if (step >= 1e6) return `${Number((step / 1e6).toPrecision(4))}M`;
  return step >= 1e4 ? `${Number((step / 1e3).toPrecision(4))}k` : String(step);
}

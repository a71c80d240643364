/**
 * Charts as data, which a page draws.
 *
 * @module
 */
import type { Column, RunHistory } from "./history.ts";

/** Values over the steps of a chart; null where there is none. */
export interface Line {
  readonly label: string;
  /** Which of the page's colors, from 1 on. */
  readonly colour: number;
  /** Faint for noisy curves, dots for values known at few steps only. */
  readonly style: "faint" | "plain" | "bold" | "dots";
  readonly values: readonly (number | null)[];
  /** Lowest and highest value, where a value is the mean of several. */
  readonly low?: readonly (number | null)[];
  readonly high?: readonly (number | null)[];
}

/** Lines over the same steps. */
export interface Chart {
  readonly title: string;
  /** Whether to offer a logarithmic scale. */
  readonly log: boolean;
  /** Whether the values are shares, shown as percentages. */
  readonly percent: boolean;
  /** Over the width of the page. */
  readonly wide: boolean;
  readonly steps: readonly number[];
  readonly lines: readonly Line[];
}

/** A chart of metrics that a run can have. */
interface Plan {
  readonly title: string;
  readonly log?: boolean;
  readonly percent?: boolean;
  readonly lines: readonly (Pick<Line, "label" | "colour" | "style"> & { readonly name: string })[];
}

const single = (title: string, name: string, options: { log?: boolean; percent?: boolean } = {}) =>
  ({ title, ...options, lines: [{ name, label: title, colour: 1, style: "plain" }] }) as Plan;

/** The charts of a run, the first over the width of the page. */
const PLANS: readonly Plan[] = [
  {
    title: "Loss",
    log: true,
    lines: [
      { name: "loss", label: "Loss", colour: 1, style: "faint" },
      { name: "lossAverage", label: "Average", colour: 1, style: "bold" },
      { name: "validLoss", label: "Validation", colour: 2, style: "dots" },
    ],
  },
  single("Learning rate", "lr"),
  single("Gradient norm", "gradientNorm", { log: true }),
  single("Images per second", "imagesPerSecond"),
  single("Time spent waiting for data", "dataWait", { percent: true }),
  {
    title: "Standard deviations",
    lines: ["x0", "xt", "noise", "prediction", "interface", "latents"].map((name, i) => ({
      name: `moments/${name}/std`,
      label: name,
      colour: i + 1,
      style: "plain",
    })),
  },
];

/** The charts of a run for which it has metrics. */
export function chartsOf(history: RunHistory): Chart[] {
  return PLANS.flatMap((plan, index): Chart[] => {
    const { steps, columns } = history.table(plan.lines.map(({ name }) => name));
    const lines = plan.lines.flatMap(({ label, colour, style }, i): Line[] =>
      columns[i].mean.some((value) => value !== null)
        ? [{ label, colour, style, ...valuesOf(columns[i]) }]
        : []
    );
    if (lines.length === 0) return [];
    const { title, log = false, percent = false } = plan;
    return [{ title, log, percent, wide: index === 0, steps, lines }];
  });
}

/** The same chart of several runs, one line each. */
export function compareCharts(runs: readonly { label: string; history: RunHistory }[]): Chart[] {
  const names: [title: string, name: string, log: boolean][] = [
    ["Loss, average", "lossAverage", true],
    ["Validation loss", "validLoss", true],
    ["Learning rate", "lr", false],
    ["Gradient norm", "gradientNorm", true],
    ["Images per second", "imagesPerSecond", false],
  ];
  return names.flatMap(([title, name, log], index): Chart[] => {
    const tables = runs.map(({ history }) => history.table([name]));
    const steps = [...new Set(tables.flatMap((table) => table.steps))].sort((a, b) => a - b);
    const lines = runs.flatMap(({ label }, i): Line[] => {
      if (tables[i].steps.length === 0) return [];
      const known = new Map(
        tables[i].steps.map((step, row) => [step, tables[i].columns[0].mean[row]]),
      );
      const values = steps.map((step) => short(known.get(step) ?? null));
      return [{ label, colour: i + 1, style: name === "validLoss" ? "dots" : "plain", values }];
    });
    if (lines.length === 0) return [];
    return [{ title, log, percent: false, wide: index === 0, steps, lines }];
  });
}

function valuesOf({ mean, low, high }: Column): Pick<Line, "values" | "low" | "high"> {
  const values = mean.map(short);
  const single = mean.every((value, i) => value === low[i] && value === high[i]);
  return single ? { values } : { values, low: low.map(short), high: high.map(short) };
}

/** As many digits as a picture can show. */
function short(value: number | null): number | null {
  return value === null ? null : Number(value.toPrecision(4));
}

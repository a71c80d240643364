/**
 * Several runs on one page.
 *
 * @module
 */
import { compareCharts } from "./chart.ts";
import { lastGrid } from "./grids.ts";
import { renderPage } from "./page.ts";
import { words } from "./page_data.ts";
import { valueText } from "./run_page.ts";
import type { RunView } from "./run_view.ts";

/** A table with named columns. */
export interface NamedColumns {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** Results of each run. */
export function summary(runs: readonly RunView[]): NamedColumns {
  const labels = labelsOf(runs);
  const rows = runs.map(({ history }, i) => {
    const best = history.lowest("validLoss");
    return [
      labels[i],
      String(history.step),
      words(history.last("lossAverage")),
      words(history.last("validLoss")),
      words(best?.value),
      best ? String(best.step) : "-",
      words(history.mean("imagesPerSecond")),
    ];
  });
  const head = ["Run", "Steps", "Loss", "Validation", "Lowest", "At step", "Images/s"];
  return { head, rows };
}

/** The settings that not all runs have alike. */
export function differences(runs: readonly RunView[]): NamedColumns {
  const keys = [...new Set(runs.flatMap(({ config }) => Object.keys(config)))];
  const rows = keys
    .map((key) => [
      key,
      ...runs.map(({ config }) => key in config ? valueText(config[key]) : "-"),
    ])
    .filter(([, first, ...others]) => others.some((value) => value !== first));
  return { head: ["Setting", ...labelsOf(runs)], rows };
}

/** The page's generator tag, which identifies another page of the same runs. */
export function compareGenerator(runs: readonly RunView[]): string {
  return `rin compare ${runs.map(({ folder }) => folder).join(" ")}`;
}

/** The page that `rin compare --out` writes. */
export async function comparePage(runs: readonly RunView[]): Promise<string> {
  const labels = labelsOf(runs);
  const charts = compareCharts(runs.map(({ history }, i) => ({ label: labels[i], history })));
  const grids = await Promise.all(runs.map((run, i) => lastGrid(run, labels[i])));
  const settings = differences(runs);
  return renderPage({
    generator: compareGenerator(runs),
    title: `${runs.length} runs`,
    subtitle: labels.join(", "),
    data: { tiles: [], charts, grids: [] },
    pictures: grids.flat(),
    tables: [
      { title: "Results", ...summary(runs) },
      ...settings.rows.length > 0 ? [{ title: "Settings that differ", ...settings }] : [],
    ],
  });
}

/** The folders' own names, or their paths where two have the same name. */
function labelsOf(runs: readonly RunView[]): string[] {
  const unique = new Set(runs.map(({ name }) => name)).size === runs.length;
  return runs.map(({ name, folder }) => unique ? name : folder);
}

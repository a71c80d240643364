/**
 * The history of speed: a page with a chart for each machine, network, and task, from all files of
 * `bench/results/`.
 *
 *     deno task bench:history [FILE]      default: dist/history.html
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import type { Chart } from "../cli/report/chart.ts";
import { type Page, renderPage } from "../cli/report/page.ts";
import { medianOf, type Results, TASKS } from "./results.ts";
import { allResults, labelOf } from "./table.ts";

/** Texts and charts of the page; a run is a machine's, numbered from 1 in the order of their dates. */
export function historyPage(all: readonly Results[]): Page {
  const sorted = all.toSorted((a, b) => a.date.localeCompare(b.date));
  const machines = Map.groupBy(sorted, ({ machine }) => `${machine.cpu}, ${machine.cores} cores`);
  return {
    generator: "rin bench:history",
    title: "History of speed",
    subtitle: `${all.length} runs of bench:compare, medians`,
    data: { tiles: [], charts: [...machines].flatMap(chartsOf), grids: [] },
    tables: [...machines].map(([machine, runs]) => ({
      title: machine,
      head: ["Run", "Date", "Commit", "Software"],
      rows: runs.map(({ date, commit, software }, i) => [
        `${i + 1}`,
        date.slice(0, 10),
        commit,
        Object.entries(software).map((entry) => entry.join(" ")).join(", "),
      ]),
    })),
  };
}

function chartsOf([machine, runs]: [machine: string, runs: readonly Results[]]): Chart[] {
  const measured = runs.flatMap(({ measurements }) => measurements);
  const groups = Map.groupBy(measured, ({ task, subject }) => `${task} ${subject}`);
  return [...groups.values()].map((group): Chart => {
    const { task, subject } = group[0];
    const contenders = [...new Set(group.map(({ contender }) => contender))];
    return {
      title: `${machine}: ${subject}, ${task}, ${TASKS[task]}`,
      log: true,
      percent: false,
      wide: false,
      steps: runs.map((_, i) => i + 1),
      lines: contenders.map((contender, i) => ({
        label: labelOf(contender, runs.at(-1)!),
        colour: i % 6 + 1,
        style: "dots",
        values: runs.map((run) => medianOf(run, task, subject, contender) ?? null),
      })),
    };
  });
}

if (import.meta.main) {
  const out = Deno.args[0] ?? fileURLToPath(new URL("../dist/history.html", import.meta.url));
  await Deno.mkdir(out.slice(0, out.lastIndexOf("/") + 1) || ".", { recursive: true });
  await Deno.writeTextFile(out, await renderPage(historyPage(await allResults())));
  console.log(`Wrote ${out}`);
}

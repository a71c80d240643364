// The README's table of figures.

import { assert, assertEquals, assertThrows } from "@std/assert";
import { historyPage } from "../../bench/history.ts";
import { allResults, renderTable, replaceTable } from "../../bench/table.ts";
import { sampleResults } from "./sample_results.ts";

/** The cells of the rendered table's rows. */
function cells(table: string): string[][] {
  return table.split("\n").filter((line) => line.startsWith("|"))
    .map((line) => line.slice(1, -1).split("|").map((cell) => cell.trim()));
}

Deno.test("renderTable() orders contenders, gives each task a column, and leaves gaps empty", () => {
  const [heading, , ...rows] = cells(renderTable(sampleResults));
  assertEquals(heading, [
    "batch 32, medians",
    "faces: step, ms",
    "faces: draw, ms",
    "faces: first step, s",
    "demo: step, ms",
  ]);
  assertEquals(rows, [
    ["jax-js, WebAssembly: forward + backward", "181", "", "", ""],
    ["PyTorch, 1 thread", "100", "400", "1.8", "150"],
    ["new-one", "77", "", "", ""],
  ]);
});

Deno.test("renderTable() names products and machine below the table", () => {
  const text = renderTable(sampleResults).replaceAll(/\s+/g, " ");
  assert(
    text.includes("rin, WebGPU 12 to 18 (2 shapes); numpy, 1 thread 100 (1024 x 1024 x 1024)"),
  );
  assert(
    text.includes("on Intel(R) Xeon(R) W-2255 CPU @ 3.70GHz, 2 cores, linux x86_64, at 1a2b3c4+"),
  );
  assert(text.includes("on 2026-01-02: deno 2.9.6, torch 1.13.0."));
});

Deno.test("replaceTable() replaces only what stands between the markers", () => {
  const readme = "before\n\n<!-- bench:table -->\n\nold\n\n<!-- /bench:table -->\n\nafter\n";
  const replaced = replaceTable(readme, "new");
  assertEquals(replaced, readme.replace("old", "new"));
  assertEquals(replaceTable(replaced, "new"), replaced);
  assertThrows(
    () => replaceTable("before\n<!-- bench:table -->\n", "new"),
    Error,
    "needs the lines",
  );
  assertThrows(() => replaceTable("before\n", "new"), Error, "needs the lines");
});

/** The words of a text, however deno fmt aligns its tables and breaks its lines. */
const wordsOf = (text: string) => text.split(/[\s|:-]+/).filter(Boolean).join(" ");

Deno.test("README.md has the table of the latest results", async () => {
  const readme = await Deno.readTextFile(new URL("../../README.md", import.meta.url));
  const [latest] = await allResults();
  assertEquals(wordsOf(readme), wordsOf(replaceTable(readme, renderTable(latest))));
});

Deno.test("historyPage() draws each machine's runs by date, with gaps", () => {
  const later = {
    ...sampleResults,
    commit: "5d6e7f8",
    date: "2027-01-02T00:00:00Z",
    measurements: sampleResults.measurements.slice(1),
  };
  const other = { ...later, machine: { ...later.machine, cpu: "Other" } };
  const { data, tables } = historyPage([other, later, sampleResults]);
  assertEquals(tables.map(({ title, rows }) => [title, rows.map((row) => row[2])]), [
    [`${sampleResults.machine.cpu}, 2 cores`, [sampleResults.commit, "5d6e7f8"]],
    ["Other, 2 cores", ["5d6e7f8"]],
  ]);
  const { task, subject, median } = sampleResults.measurements[0];
  const chart = data.charts[0];
  assert(chart.title.includes(`${subject}, ${task}, `), chart.title);
  assertEquals([chart.steps, chart.lines[0].values], [[1, 2], [median, null]]);
});

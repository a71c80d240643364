/**
 * Cost and memory of a RIN from 32 to 1024 px, beside other networks: the charts and tables of
 * docs/scaling.md.
 *
 *     deno run -A bench/scaling.ts [--measure] [--turns 5] [--print]
 *
 * --measure times the small network first, on one thread of the CPU, and writes
 * `bench/results/scaling/CPU-COMMIT.json`; without it the latest file there is drawn. --print shows
 * the tables and writes nothing.
 *
 * @module
 */
import { parseArgs } from "@std/cli";
import { PRESETS } from "../src/run/presets.ts";
import { markdown } from "./measure.ts";
import { fileName, formatResults, medianOf, parseResults, type Results } from "./results.ts";
import { scalingChart } from "./scaling/chart.ts";
import { figure1Table } from "./scaling/figure1.ts";
import { CONTENDER, DRAWN_STEPS, measureScaling } from "./scaling/measure.ts";
import { ADM, DIT_L, transformerFlops, unetFlops } from "./scaling/peers.ts";
import { costsAt, SIZES } from "./scaling/plans.ts";
import { replaceTable } from "./table.ts";

const folder = new URL("./results/scaling/", import.meta.url);
const docs = new URL("../docs/", import.meta.url);

async function latestResults(): Promise<Results> {
  const all: Results[] = [];
  for await (const { name } of Deno.readDir(folder)) {
    all.push(parseResults(name, await Deno.readTextFile(new URL(name, folder))));
  }
  return all.toSorted((a, b) => a.date.localeCompare(b.date)).at(-1)!;
}

const { measure, print, turns = "5" } = parseArgs(Deno.args, {
  boolean: ["measure", "print"],
  string: ["turns"],
});
if (measure) {
  const results = await measureScaling(Number(turns));
  await Deno.writeTextFile(new URL(fileName(results), folder), formatResults(results));
}

const results = await latestResults();
const costs = SIZES.map((size) => costsAt(PRESETS.imagenet1024.network, size));
const rinWork = costs.map(({ flops }) => flops / 1e9);
const unetWork = SIZES.map((size) => unetFlops(ADM[256], size) / 1e9);
const transformerWork = SIZES.map((size) => transformerFlops(DIT_L, size) / 1e9);
const mebibytes = (key: "training" | "checkpointed" | "sampling") =>
  costs.map((cost) => cost[key] / 2 ** 20);
const timeOf = (task: "step" | "sample") =>
  SIZES.map((size) => medianOf(results, task, `${size} px`, CONTENDER)!);
const drawn = timeOf("sample").map((ms) => ms / DRAWN_STEPS);

const charts = {
  work: scalingChart("GFLOP of a pass", SIZES, [
    { label: "RIN, 8-px patches, 256 latents", values: rinWork },
    { label: "U-Net of ADM", values: unetWork },
    { label: "transformer, 8-px patches", values: transformerWork },
  ]),
  memory: scalingChart("MiB of activations, one picture", SIZES, [
    { label: "training step", values: mebibytes("training") },
    { label: "with --checkpoint-blocks on", values: mebibytes("checkpointed") },
    { label: "sampling step", values: mebibytes("sampling") },
  ]),
  time: scalingChart("ms on one thread of a CPU, one picture", SIZES, [
    { label: "training step", values: timeOf("step") },
    { label: "sampling step", values: drawn },
  ]),
};

const row = (name: string, values: readonly number[]) => [
  name,
  ...values.map((value) => Number(value.toPrecision(3)).toLocaleString("en")),
];
const sides = SIZES.map((size) => `${size} px`);
const { machine, commit, date } = results;
const tables = [
  markdown(["", ...sides], [
    row("RIN, GFLOP", rinWork),
    row("U-Net, GFLOP", unetWork),
    row("transformer, GFLOP", transformerWork),
    row("training step, MiB", mebibytes("training")),
    row("checkpointed, MiB", mebibytes("checkpointed")),
    row("sampling step, MiB", mebibytes("sampling")),
    row("small RIN, training step, ms", timeOf("step")),
    row("small RIN, sampling step, ms", drawn),
  ]),
  `Times: one thread of ${machine.cpu}, ${machine.system}, at ${commit} on ${date.slice(0, 10)}.`,
].join("\n\n");

if (print) {
  console.log(`${tables}\n\n${figure1Table()}`);
} else {
  const page = new URL("scaling.md", docs);
  const written = [page.pathname];
  for (const [name, svg] of Object.entries(charts)) {
    const file = new URL(`scaling-${name}.svg`, docs);
    await Deno.writeTextFile(file, svg);
    written.push(file.pathname);
  }
  const text = replaceTable(await Deno.readTextFile(page), tables, "bench:scaling");
  await Deno.writeTextFile(page, replaceTable(text, figure1Table(), "figure 1"));
  await new Deno.Command(Deno.execPath(), { args: ["fmt", "--quiet", ...written] }).output();
  console.log("Wrote docs/scaling.md and its charts");
}

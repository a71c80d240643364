/**
 * The README's table of figures, made from a file of `bench/results/`.
 *
 *     deno task bench:table [FILE] [--print]      default: the newest file of bench/results/
 *
 * --print shows the table and leaves the README as it is.
 *
 * @module
 */
import { parseArgs } from "@std/cli";
import { fileURLToPath } from "node:url";
import { markdown } from "./measure.ts";
import { medianOf, parseResults, type Results, type Task } from "./results.ts";

/** Rows and their names, in the table's order. A contender not listed comes last, under its own name. */
const LABELS: Readonly<Record<string, string>> = {
  "rin-cpu-2": "rin, CPU, 2 threads",
  "rin-cpu-1": "rin, CPU, 1 thread",
  "rin-webgpu": "rin, WebGPU",
  "jax-wasm": "jax-js, WebAssembly: forward + backward",
  "jax-webgpu": "jax-js, WebGPU: forward + backward",
  "torch-1": "PyTorch, 1 thread",
  "torch-2": "PyTorch, 2 threads",
  "numpy-1": "numpy, 1 thread",
};

const COLUMNS: readonly { task: Task; name: string; cell: (value: number) => string }[] = [
  { task: "step", name: "step, ms", cell: (ms) => ms.toFixed(0) },
  { task: "sample", name: "draw, ms", cell: (ms) => ms.toFixed(0) },
  { task: "firstStep", name: "first step, s", cell: (ms) => (ms / 1000).toFixed(1) },
];

/** A contender's name; of WebGPU also on which adapter, since a software one is here for the record. */
export function labelOf(contender: string, { software }: Results): string {
  const label = LABELS[contender] ?? contender;
  return contender.endsWith("-webgpu") && software.webgpu
    ? label.replace("WebGPU", `WebGPU on ${software.webgpu.replace(/ \(.*/, "")}`)
    : label;
}

function inOrder(contenders: Iterable<string>): string[] {
  const order = Object.keys(LABELS);
  const place = (name: string) => order.includes(name) ? order.indexOf(name) : order.length;
  return [...new Set(contenders)].toSorted((a, b) => place(a) - place(b));
}

/** The table in Markdown, with a line on what it was measured on, and one on products. */
export function renderTable(results: Results): string {
  const timed = results.measurements.filter(({ task }) => task !== "matmul");
  const networks = [...new Set(timed.map(({ subject }) => subject))];
  const columns = networks.flatMap((network) => COLUMNS.map((column) => ({ network, ...column })))
    .filter(({ network, task }) => timed.some((m) => m.subject === network && m.task === task));
  const rows = inOrder(timed.map(({ contender }) => contender)).map((contender) => [
    labelOf(contender, results),
    ...columns.map(({ network, task, cell }) => {
      const value = medianOf(results, task, network, contender);
      return value === undefined ? "" : cell(value);
    }),
  ]);
  const headings = columns.map(({ network, name }) => `${network}: ${name}`);
  const table = markdown([`batch ${results.batch}, medians`, ...headings], rows);
  return [table, ...productsLine(results), machineLine(results)].join("\n\n");
}

/** Slowest and fastest products of each contender. */
function productsLine(results: Results): string[] {
  const products = results.measurements.filter(({ task }) => task === "matmul");
  if (products.length === 0) return [];
  const parts = inOrder(products.map(({ contender }) => contender)).map((contender) => {
    const own = products.filter((m) => m.contender === contender);
    const rates = own.map((m) => m.median);
    const [least, most] = [Math.min(...rates), Math.max(...rates)].map((rate) => rate.toFixed(0));
    const shapes = own.length === 1 ? `${own[0].subject}` : `${own.length} shapes`;
    return `${labelOf(contender, results)} ${
      least === most ? least : `${least} to ${most}`
    } (${shapes})`;
  });
  return [`Matrix products, GFLOP/s: ${parts.join("; ")}.`];
}

function machineLine({ machine, software, commit, date }: Results): string {
  const versions = Object.entries(software).map(([name, version]) => `${name} ${version}`);
  return `Measured on ${machine.cpu}, ${machine.cores} cores, ${machine.system}, at ${commit} on ${
    date.slice(0, 10)
  }: ${versions.join(", ")}.`;
}

/**
 * Replaces what stands between a document's markers, which bear the name of the task that does it.
 *
 * @throws {Error} when a marker is missing
 */
export function replaceTable(document: string, table: string, task = "bench:table"): string {
  const markers = [`<!-- ${task} -->`, `<!-- /${task} -->`];
  const [start, end] = markers.map((marker) => document.indexOf(marker));
  if (start < 0 || end < start) {
    throw new Error(`The document needs the lines ${markers[0]} and ${markers[1]}, in this order`);
  }
  const before = document.slice(0, start + markers[0].length);
  return `${before}\n\n${table}\n\n${document.slice(end)}`;
}

/** All files of `bench/results/`, the latest first. */
export async function allResults(): Promise<Results[]> {
  const folder = new URL("./results/", import.meta.url);
  const all: Results[] = [];
  for await (const { name } of Deno.readDir(folder)) {
    if (name.endsWith(".json")) {
      all.push(parseResults(name, await Deno.readTextFile(new URL(name, folder))));
    }
  }
  return all.sort((a, b) => b.date.localeCompare(a.date));
}

/** Reads a file of results, or of all in `bench/results/` the one of the latest date. */
async function readResults(path?: string): Promise<Results> {
  if (path !== undefined) return parseResults(path, await Deno.readTextFile(path));
  const [latest] = await allResults();
  if (!latest) throw new Error("bench/results/ is empty: run bench/compare.ts first");
  return latest;
}

async function main(args: string[]): Promise<void> {
  const { _: [path], print } = parseArgs(args, { boolean: ["print"] });
  const table = renderTable(await readResults(path?.toString()));
  if (print) return console.log(table);
  const readme = new URL("../README.md", import.meta.url);
  await Deno.writeTextFile(readme, replaceTable(await Deno.readTextFile(readme), table));
  await new Deno.Command(Deno.execPath(), { args: ["fmt", "--quiet", fileURLToPath(readme)] })
    .output();
}

if (import.meta.main) {
  try {
    await main(Deno.args);
  } catch (error) {
    console.error((error as Error).message);
    Deno.exit(1);
  }
}

/**
 * What GPUs' compilers make of the kernels, without a GPU.
 *
 *     deno task gpu:static [PRESET...] [--gpu TFLOPS,GBPS] [--half] [--jax] [--out FILE]
 *     deno task gpu:static --docs BEFORE.json AFTER.json
 *
 * Every kernel of a training step and of a sampling step (batch 1) of the presets, by default
 * faces, demo, cifar10, and imagenet64, is compiled for RDNA2 and RDNA3 by Mesa's RADV: registers,
 * spills, waves, workgroup memory, and what its hottest loop does. From these and the sizes follows
 * how long a step takes at least, on a GPU of the given peaks or on the largest of each kind. A run
 * with the default presets writes `bench/results/gpu-static/COMMIT.json`; `--out` names another
 * file. `--half` takes the steps in half precision (`--precision f16`). `--jax` also compiles jax-js's products of some of the shapes, beside ours; npm fetches it.
 * `--docs` puts two such files side by side into docs/kernels.md.
 *
 * Where the system's Mesa is older than 24, Debian's backport is fetched from apt's mirror and
 * unpacked into `.rin/mesa`.
 *
 * @module
 */
import { parseArgs } from "@std/cli";
import { CHIPS, compileAll } from "./gpu_static/compile.ts";
import { type GpuPeak, milliseconds, peakOf } from "./gpu_static/estimate.ts";
import { figuresOf } from "./gpu_static/figures.ts";
import { findMesa, installMesa } from "./gpu_static/mesa.ts";
import {
  CHIP_NAMES,
  forChips,
  formatResults,
  type Kernel,
  readResults,
  type StaticResults,
} from "./gpu_static/results.ts";
import { compareProducts } from "./gpu_static/products.ts";
import { PRESETS, stepsOf } from "./gpu_static/steps.ts";
import { docsText, kernelTable, productTable, stepTable } from "./gpu_static/tables.ts";
import { thisCommit } from "./machine.ts";
import { JAX_VERSION } from "./peers/jax.ts";
import { replaceTable } from "./table.ts";

const DOCS = new URL("../docs/kernels.md", import.meta.url);
const RESULTS = new URL("./results/gpu-static/", import.meta.url);

async function measure(
  presets: readonly string[],
  peak: GpuPeak | undefined,
  half: boolean,
  jax: boolean,
): Promise<StaticResults> {
  const steps = presets.flatMap((preset) => stepsOf(preset, half ? "f16" : "f32"));
  const mesa = await findMesa() ?? await installMesa();
  const names = new Map(
    steps.flatMap(({ work }) => work.map(({ code, name }) => [code, name] as const)),
  );
  const codes = [...names.keys()];
  const compiled = await compileAll(mesa, codes);
  const peaks = forChips((chip) => peak ?? CHIPS[chip].peak);
  const kernels = codes.map((code, i): Kernel => ({
    name: names.get(code)!,
    figures: forChips((chip) => figuresOf(compiled[chip][i])),
  }));
  return {
    version: 1,
    commit: await thisCommit(),
    date: new Date().toISOString(),
    software: {
      ...{ deno: Deno.version.deno, mesa: mesa.version },
      ...jax && { "jax-js": JAX_VERSION },
    },
    peaks,
    kernels,
    steps: steps.map(({ work, ...step }) => ({
      ...step,
      work: work.map(({ name: _, code, ...load }) => {
        const kernel = codes.indexOf(code);
        const of = (chip: typeof CHIP_NAMES[number]) => {
          const each = milliseconds(load, kernels[kernel].figures[chip], peaks[chip]);
          return Number((load.dispatches * each).toPrecision(4));
        };
        return { kernel, ...load, milliseconds: forChips(of) };
      }),
    })),
    products: jax ? await compareProducts(mesa) : [],
  };
}

async function writeDocs([before, after]: string[]): Promise<void> {
  if (after === undefined) throw new Error("--docs needs two files of results: before and after");
  const text = docsText(await readResults(after), await readResults(before));
  const docs = await Deno.readTextFile(DOCS);
  await Deno.writeTextFile(DOCS, replaceTable(docs, text, "gpu:static"));
  await new Deno.Command(Deno.execPath(), { args: ["fmt", "--quiet", DOCS.pathname] }).output();
}

async function main(args: string[]): Promise<void> {
  const { docs, half, jax, gpu, out, _ } = parseArgs(args, {
    string: ["gpu", "out"],
    boolean: ["docs", "half", "jax"],
  });
  const given = _.map(String);
  if (docs) return await writeDocs(given);
  const peak = gpu === undefined ? undefined : peakOf(gpu);
  const results = await measure(given.length > 0 ? given : PRESETS, peak, half, jax);
  for (const chip of CHIP_NAMES) console.log(`${kernelTable(results, chip)}\n`);
  console.log(stepTable(results));
  if (jax) console.log(`\n${productTable(results)}`);
  const usual = given.length === 0 && !peak && !half;
  const name = new URL(`${results.commit.replace("+", "-changed")}.json`, RESULTS);
  const path = out ?? (usual ? name : undefined);
  if (path === undefined) return;
  await Deno.mkdir(RESULTS, { recursive: true });
  await Deno.writeTextFile(path, formatResults(results));
}

if (import.meta.main) {
  try {
    await main(Deno.args);
  } catch (error) {
    console.error((error as Error).message);
    Deno.exit(2);
  }
}

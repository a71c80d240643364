/**
 * What a GPU makes of the kernels: whether its results are right, and how fast it is.
 *
 *     deno run -A bench/gpu.ts [PRESET...] [--gpu TFLOPS,GBPS] [--seconds N] [--short] [--out FILE]
 *     deno run -A bench/gpu.ts --docs FILE
 *
 * First come the tests that compare kernels with the float64 reference and golden data. Then it
 * times matrix products, the attention of the presets (by default faces, demo, cifar10, and
 * imagenet64), their training steps (of a batch in parts, one part), and sampling, in f32 and, where
 * the adapter has `shader-f16`, in f16; by the wall, and by timestamps where the adapter has them.
 * Tiles are those that `tune` finds. `--gpu` gives the card's peaks, which the results are compared
 * with.
 *
 * It ends within N seconds (default 280), give or take a measurement, and names what it left out.
 * `--short` measures little and badly, to try the script on a software adapter. Results go to
 * `bench/results/gpu/` as JSON, or to FILE; wrong results end it with code 1. Where a Python has
 * PyTorch with CUDA, its times stand beside those of faces and demo. `--docs` puts a file's results
 * into docs/kernels.md.
 *
 * @module
 */
import { parseArgs } from "@std/cli";
import { type Gpu, requestGpu } from "../src/device/webgpu/gpu.ts";
import type { AttentionSizes } from "../src/graph/ops.ts";
import { check } from "./gpu/checks.ts";
import {
  attentionName,
  attentionOf,
  settingsOf,
  timeSampling,
  timeTraining,
} from "./gpu/presets.ts";
import { productOf, PRODUCTS, type ProductSizes, sampledError } from "./gpu/products.ts";
import { gpuDocs, type GpuResults, gpuTables, type Named } from "./gpu/results.ts";
import { type Effort, rounded, timeOperation } from "./gpu/timing.ts";
import { peakOf } from "./gpu_static/estimate.ts";
import { thisCommit } from "./machine.ts";
import { Torch } from "./peers/torch.ts";
import { replaceTable } from "./table.ts";

const PRESETS = ["faces", "demo", "cifar10", "imagenet64"];
/** Networks that `peers/torch_rin.py` has. */
const PEER_NETWORKS = ["faces", "demo"];
const RESULTS = new URL("./results/gpu/", import.meta.url);
const DOCS = new URL("../docs/kernels.md", import.meta.url);

/** A product's error at most; one that is no number is more. */
const WRONG = 1e-5;

/** How much is measured. */
interface Plan {
  readonly effort: Effort;
  readonly presets: readonly string[];
  readonly products: readonly ProductSizes[];
  /** Images of a training step. Default: as many as the preset has in a part. */
  readonly trained?: number;
  /** Images that are sampled at a time. */
  readonly batches: readonly number[];
}

const LONG = {
  effort: { least: 250, turns: 3, flops: 1e10 },
  products: PRODUCTS,
  batches: [1, 16],
};
const SHORT = {
  effort: { least: 0, turns: 1, flops: 1 },
  products: PRODUCTS.slice(0, 1),
  trained: 1,
  batches: [1],
};

async function timeProduct(gpu: Gpu, sizes: ProductSizes, effort: Effort): Promise<Named> {
  const { operands, ...timed } = await timeOperation(gpu, productOf(sizes), effort);
  try {
    const read = (role: string) => gpu.read(operands[role]);
    const error = sampledError(sizes, await read("a"), await read("b"), await read("out"));
    const { layout, m, n, k } = sizes;
    const name = `${m} x ${n} x ${k}, ${layout}`;
    return { name, ...timed, error };
  } finally {
    gpu.release(...Object.values(operands).map(({ storage }) => storage!));
  }
}

async function timeAttention(
  gpu: Gpu,
  preset: string,
  operation: ReturnType<typeof attentionOf>[number],
  effort: Effort,
): Promise<Named> {
  const { operands, ...timed } = await timeOperation(gpu, operation, effort);
  gpu.release(...Object.values(operands).map(({ storage }) => storage!));
  const backward = operation.name === "attentionGradient" ? ", backward" : "";
  const name = `${preset}, ${attentionName(operation.sizes as AttentionSizes)}${backward}`;
  return { name, ...timed };
}

async function measure(
  gpu: Gpu,
  { effort, presets, products, trained, batches }: Plan,
  results: GpuResults,
  { end, save }: { readonly end: number; readonly save: () => Promise<void> },
): Promise<void> {
  const attempt = async <T>(what: string, list: T[], work: () => Promise<T>) => {
    if (performance.now() > end) return void results.leftOut.push(what);
    console.error(what);
    try {
      list.push(await work());
      await save();
    } catch (error) {
      gpu.check();
      if (!/DeviceLimitError/.test((error as Error).name)) throw error;
      results.leftOut.push(`${what}: ${(error as Error).message}`);
    }
  };
  for (const sizes of products) {
    const what = `product ${sizes.m} x ${sizes.n} x ${sizes.k}, ${sizes.layout}`;
    await attempt(what, results.products, () => timeProduct(gpu, sizes, effort));
  }
  const types = gpu.supportsF16 ? ["f32", "f16"] as const : ["f32"] as const;
  for (const preset of presets) {
    for (const operation of attentionOf(settingsOf(preset, trained))) {
      await attempt(
        `${preset}: ${operation.name}`,
        results.attention,
        () => timeAttention(gpu, preset, operation, effort),
      );
    }
    for (const type of types) {
      for (const batch of batches) {
        await attempt(
          `${preset}: sampling ${batch} with ${type}`,
          results.sampling,
          () => timeSampling(gpu, settingsOf(preset), type, batch, effort),
        );
      }
    }
    for (const type of types) {
      await attempt(
        `${preset}: training with ${type}`,
        results.training,
        () => timeTraining(gpu, settingsOf(preset, trained), type, effort),
      );
    }
  }
}

/** Times PyTorch on the same GPU, where there is one with CUDA. */
async function measurePeer(
  presets: readonly string[],
  results: GpuResults,
  end: number,
): Promise<void> {
  const torch = await Torch.start(1, "cuda");
  if (torch === undefined) return;
  const { torch: version } = await torch.versions();
  results.peers = [];
  for (const preset of presets.filter((name) => PEER_NETWORKS.includes(name))) {
    if (performance.now() > end) {
      results.leftOut.push(`${preset}: PyTorch`);
      continue;
    }
    console.error(`${preset}: PyTorch`);
    await torch.step(preset, 20);
    const train = await torch.step(preset, 200);
    await torch.sample(preset, 20);
    const sample = await torch.sample(preset, 200) / 200;
    results.peers.push({ preset, version, train: rounded(train), sample: rounded(sample) });
  }
  await torch.close();
}

async function writeDocs(file: string): Promise<number> {
  const results: GpuResults = JSON.parse(await Deno.readTextFile(file));
  const docs = await Deno.readTextFile(DOCS);
  await Deno.writeTextFile(DOCS, replaceTable(docs, gpuDocs(results), "gpu"));
  await new Deno.Command(Deno.execPath(), { args: ["fmt", "--quiet", DOCS.pathname] }).output();
  return 0;
}

async function main(args: string[]): Promise<number> {
  const { gpu: peak, seconds, short, out, docs, _ } = parseArgs(args, {
    string: ["gpu", "seconds", "out", "docs"],
    boolean: ["short"],
  });
  if (docs !== undefined) return await writeDocs(docs);
  const limit = Number(seconds ?? 280);
  if (!(limit > 0)) throw new Error(`--seconds needs a number above 0; got ${seconds}`);
  const end = performance.now() + 1000 * limit;
  const presets = _.length > 0 ? _.map(String) : PRESETS;
  const known = peak === undefined ? undefined : peakOf(peak);
  const gpu = await requestGpu({ tune: true });
  const commit = await thisCommit();
  console.error("tests");
  const results: GpuResults = {
    version: 1,
    ...{ commit, date: new Date().toISOString(), adapter: gpu.description },
    features: [...gpu.device.features].sort(),
    ...known && { peak: known },
    checks: await check(short, limit / 2),
    ...{ products: [], attention: [], training: [], sampling: [], leftOut: [] },
  };
  const { passed, failed, ignored } = results.checks;
  console.error(`${passed} passed, ${failed} failed, ${ignored} ignored`);
  const words = `${results.adapter} ${commit.replace("+", "-changed")}`.toLowerCase();
  const path = out ?? new URL(`${words.match(/[a-z0-9]+/g)!.join("-")}.json`, RESULTS);
  if (out === undefined) await Deno.mkdir(RESULTS, { recursive: true });
  // After each measurement: a machine that is lent can go away.
  const save = () => Deno.writeTextFile(path, JSON.stringify(results, null, 2) + "\n");
  await save();
  await measure(gpu, { ...short ? SHORT : LONG, presets }, results, { end, save });
  await measurePeer(presets, results, end);
  await save();
  gpu.destroy();
  console.log(gpuTables(results));
  if (results.checks.output) console.error(results.checks.output);
  const wrong = results.products.filter(({ error }) => !(error! < WRONG));
  for (const { name, error } of wrong) {
    console.error(`${name}: wrong by ${error} of the largest value`);
  }
  return results.checks.failed + wrong.length > 0 ? 1 : 0;
}

try {
  Deno.exit(await main(Deno.args));
} catch (error) {
  console.error((error as Error).message);
  Deno.exit(2);
}

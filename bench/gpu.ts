/**
 * What a GPU makes of the kernels: whether its results are right, and how fast it is.
 *
 *     deno run -A bench/gpu.ts [PRESET...] [--gpu TFLOPS,GBPS] [--seconds N] [--short] [--out FILE]
 *
 * First come the tests that compare kernels with the float64 reference and golden data. Then it
 * times matrix products, the attention of the presets (by default faces, demo, cifar10, and
 * imagenet64), their training steps (of a batch in parts, one part), and sampling with weights in
 * f32 and, where the adapter has `shader-f16`, f16; by the wall, and by timestamps where the
 * adapter has them. `--gpu` gives the card's peaks, which the results are compared with.
 *
 * It ends within N seconds (default 280), give or take a measurement, and names what it left out.
 * `--short` measures little and badly, to try the script on a software adapter. Results go to
 * `bench/results/gpu/` as JSON, or to FILE; wrong results end it with code 1.
 *
 * @module
 */
import { parseArgs } from "@std/cli";
import { type Gpu, requestGpu } from "../src/device/webgpu/gpu.ts";
import type { AttentionSizes } from "../src/graph/ops.ts";
import { check, type Checked } from "./gpu/checks.ts";
import {
  attentionName,
  attentionOf,
  type SamplingTime,
  settingsOf,
  timeSampling,
  timeTraining,
  type TrainingTime,
} from "./gpu/presets.ts";
import { productOf, PRODUCTS, type ProductSizes, sampledError } from "./gpu/products.ts";
import { type Effort, type Timed, timeOperation } from "./gpu/timing.ts";
import { type GpuPeak, peakOf } from "./gpu_static/estimate.ts";
import { thisCommit } from "./machine.ts";
import { markdown } from "./measure.ts";

const PRESETS = ["faces", "demo", "cifar10", "imagenet64"];
const RESULTS = new URL("./results/gpu/", import.meta.url);

/** An operation's time, by its name. */
interface Named extends Timed {
  readonly name: string;
  /** Of a product: the largest error of a few results, relative to the largest of these. */
  readonly error?: number | null;
}

/** A product's error at most; one that is no number is more. */
const WRONG = 1e-5;

/** One run. */
interface GpuResults {
  /** Of this format. */
  readonly version: 1;
  readonly commit: string;
  /** ISO 8601. */
  readonly date: string;
  readonly adapter: string;
  readonly features: readonly string[];
  /** By the card's data sheet, where it was given. */
  readonly peak?: GpuPeak;
  readonly checks: Checked;
  readonly products: Named[];
  readonly attention: Named[];
  readonly training: TrainingTime[];
  readonly sampling: SamplingTime[];
  /** What there was no time or memory for. */
  readonly leftOut: string[];
}

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
    await attempt(
      `${preset}: training`,
      results.training,
      () => timeTraining(gpu, settingsOf(preset, trained), effort),
    );
  }
}

/** The results as tables. */
function tables({ checks, peak, products, attention, training, sampling, leftOut }: GpuResults) {
  const share = (tflops: number) => peak ? [`${(100 * tflops / peak.tflops).toFixed(0)}%`] : [];
  const heading = ["ms", "TFLOP/s", ...peak ? ["of the peak"] : []];
  const operations = [...products, ...attention].map((
    { name, milliseconds, kernelMilliseconds, tflops },
  ) => [
    name,
    kernelMilliseconds === undefined ? "" : String(kernelMilliseconds),
    String(milliseconds),
    String(tflops),
    ...share(tflops),
  ]);
  const steps = [
    ...training.map((time) => ({ ...time, name: `${time.preset}, train, batch ${time.batch}` })),
    ...sampling.map((time) => ({
      ...time,
      name: `${time.preset}, sample, batch ${time.batch}, ${time.weights}`,
    })),
  ].map(({ name, milliseconds, imagesPerSecond, tflops }) => [
    name,
    String(imagesPerSecond),
    String(milliseconds),
    String(tflops),
    ...share(tflops),
  ]);
  return [
    `Tests: ${checks.passed} passed, ${checks.failed} failed, ${checks.ignored} ignored`,
    markdown(["operation", "ms by timestamps", ...heading], operations),
    markdown(["step", "images/s (sampling: in 100 steps)", ...heading], steps),
    ...leftOut.length > 0 ? [`Left out: ${leftOut.join("; ")}`] : [],
  ].join("\n\n");
}

async function main(args: string[]): Promise<number> {
  const { gpu: peak, seconds, short, out, _ } = parseArgs(args, {
    string: ["gpu", "seconds", "out"],
    boolean: ["short"],
  });
  const limit = Number(seconds ?? 280);
  if (!(limit > 0)) throw new Error(`--seconds needs a number above 0; got ${seconds}`);
  const end = performance.now() + 1000 * limit;
  const presets = _.length > 0 ? _.map(String) : PRESETS;
  const known = peak === undefined ? undefined : peakOf(peak);
  const gpu = await requestGpu();
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
  await save();
  gpu.destroy();
  console.log(tables(results));
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

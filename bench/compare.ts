/**
 * Ours beside the peers, in one run on one machine.
 *
 *     deno run -A --no-lock bench/compare.ts [--turns 7] [--networks faces,demo]
 *         [--contenders rin-webgpu,jax-wasm,...] [--out FILE]
 *
 * Batch 32. After a warm-up the contenders take turns: training steps, then 32 images drawn in 20
 * steps. A step is a whole one (pass for self-conditioning, forward, backward, clipping, AdamW,
 * moving average); jax-js does forward and backward alone. Then new processes are timed to the end of
 * their first step, and products of RIN's shapes beside numpy's 1024^3 on one thread.
 *
 * All contenders but `jax-webgpu` take part by default, PyTorch where a Python can import it, WebGPU
 * where there is an adapter; jax-js is fetched where it takes part, and `--contenders
 * rin-cpu-1,rin-cpu-2` times ours alone. A run with the default networks and contenders writes
 * `bench/results/CPU-COMMIT.json`; `--out` names another file. `deno task bench:table` puts a file's figures into the README.
 *
 * @module
 */
import { parseArgs } from "@std/cli";
import { type Device, Gpu, requestGpu } from "../mod.ts";
import {
  BATCH,
  type Contender,
  type ContenderName,
  CONTENDERS,
  DEFAULT_CONTENDERS,
  isContender,
  type NetworkName,
  OUR_DEVICES,
  unlessAbsent,
} from "./contenders.ts";
import { timeFirstStep } from "./first_step.ts";
import { thisCommit, thisMachine } from "./machine.ts";
import { flopOf, nameOf, type Shape } from "./measure.ts";
import { startProduct } from "./our_product.ts";
import { JAX_VERSION } from "./peers/jax.ts";
import { PEER_CONFIGS } from "./peers/jax_rin.ts";
import { productsPerTiming, RIN_SHAPES } from "./peers/matmul.ts";
import { Torch } from "./peers/torch.ts";
import { fileName, formatResults, type Measurement, measurement, type Results } from "./results.ts";
import { renderTable } from "./table.ts";

/** Steps of a turn: enough to hide that Deno looks at a GPU every 11 ms only. */
const STEPS_PER_TURN = 4;

/** New processes are slow to time. */
const MOST_FIRST_STEPS = 3;

const DEFAULT_NETWORKS: readonly NetworkName[] = ["faces", "demo"];

interface Options {
  readonly turns: number;
  readonly networks: readonly NetworkName[];
  readonly contenders: readonly ContenderName[];
  /** Where results go; undefined for `bench/results/`, null for nowhere. */
  readonly out: string | null | undefined;
}

/** Exits with code 2 where the arguments make no sense. */
function readOptions(args: string[]): Options {
  const fail = (what: string): never => {
    console.error(what);
    Deno.exit(2);
  };
  const flags = parseArgs(args, {
    string: ["turns", "networks", "contenders", "out"],
    unknown: (name) => fail(`Unknown argument ${name}: see the top of bench/compare.ts`),
  });
  const turns = Number(flags.turns ?? 7);
  if (!(Number.isInteger(turns) && turns > 0)) {
    fail(`--turns is ${flags.turns}: use a whole number from 1`);
  }
  const networks = flags.networks?.split(",") ?? DEFAULT_NETWORKS;
  for (const name of networks) {
    if (Object.hasOwn(PEER_CONFIGS, name)) continue;
    fail(`Unknown network "${name}": use ${Object.keys(PEER_CONFIGS).join(" or ")}`);
  }
  const contenders = flags.contenders?.split(",") ?? DEFAULT_CONTENDERS;
  for (const name of contenders) {
    if (isContender(name)) continue;
    fail(`Unknown contender "${name}": use ${Object.keys(CONTENDERS).join(", ")}`);
  }
  const whole = flags.networks === undefined && flags.contenders === undefined;
  return {
    turns,
    networks: networks as NetworkName[],
    contenders: contenders as ContenderName[],
    out: flags.out ?? (whole ? undefined : null),
  };
}

function log(message: string): void {
  console.error(message);
}

/** A contender whose step takes this many times the fastest one's has one turn, for the record. */
const SLOW = 10;

/** Steps and samplings of all contenders on a network, in turns. */
async function compareNetwork(network: NetworkName, options: Options): Promise<Measurement[]> {
  type Started = { name: ContenderName; contender: Contender; steps: number[]; samples: number[] };
  const started: Started[] = [];
  for (const name of options.contenders) {
    log(`${network}: starting ${name}`);
    const contender = await CONTENDERS[name](network);
    if (contender === undefined) {
      log(`${name} can't run here and is left out`);
      continue;
    }
    await contender.step(STEPS_PER_TURN);
    await contender.sample?.();
    started.push({ name, contender, steps: [], samples: [] });
  }
  for (let turn = 0; turn < options.turns; turn++) {
    const fastest = Math.min(...started.flatMap(({ steps }) => steps.slice(0, 1)));
    for (const { name, contender, steps, samples } of started) {
      if (steps[0] > SLOW * fastest) continue;
      steps.push(await contender.step(STEPS_PER_TURN));
      if (contender.sample) samples.push(await contender.sample());
      log(
        [`${network}, turn ${turn + 1}, ${name}: step ${steps.at(-1)!.toFixed(0)} ms`]
          .concat(samples.slice(-1).map((ms) => `sample ${ms.toFixed(0)} ms`)).join(", "),
      );
    }
  }
  for (const { contender } of started) await contender.close();
  return started.flatMap(({ name, steps, samples }) => [
    measurement("step", network, name, steps),
    ...samples.length > 0 ? [measurement("sample", network, name, samples)] : [],
  ]);
}

/** First steps of new processes, in turns. */
async function compareFirstSteps(
  network: NetworkName,
  names: readonly ContenderName[],
  turns: number,
): Promise<Measurement[]> {
  const times = names.map((): number[] => []);
  for (let turn = 0; turn < turns; turn++) {
    for (const [i, name] of names.entries()) {
      times[i].push(await timeFirstStep(name, network));
      log(`${network}, first step of a new process, ${name}: ${times[i].at(-1)!.toFixed(0)} ms`);
    }
  }
  return names.map((name, i) => measurement("firstStep", network, name, times[i]));
}

/** GFLOP/s of products, in turns: ours of RIN's shapes, and numpy's 1024^3 on one thread. */
async function compareProducts(torch: Torch | undefined, turns: number): Promise<Measurement[]> {
  type Product = { contender: string; shape: Shape; rates: number[]; time: () => Promise<number> };
  const products: Product[] = [];
  const devices: Device[] = [];
  for (const [contender, request] of Object.entries(OUR_DEVICES)) {
    const device = await unlessAbsent(request);
    if (device === undefined) continue;
    devices.push(device);
    // A software adapter says nothing about the kernels, and takes minutes.
    if (device instanceof Gpu && device.isSoftware) continue;
    for (const peerShape of [...RIN_SHAPES.faces, ...RIN_SHAPES.demo]) {
      const shape = { m: peerShape.M, n: peerShape.N, k: peerShape.K };
      const { time } = await startProduct(device, shape, productsPerTiming(peerShape));
      products.push({ contender, shape, rates: [], time });
    }
  }
  if (torch) {
    const shape = { m: 1024, n: 1024, k: 1024 };
    const time = () => torch.matmul(shape.m);
    products.push({ contender: "numpy-1", shape, rates: [], time });
  }
  for (let turn = 0; turn < turns; turn++) {
    for (const { shape, rates, time } of products) rates.push(flopOf(shape) / await time() / 1e6);
  }
  for (const device of devices) device.destroy();
  return products.map(({ contender, shape, rates }) =>
    measurement("matmul", nameOf(shape), contender, rates)
  );
}

/** Versions of all that takes part. */
async function softwareOf(torch: Torch | undefined): Promise<Record<string, string>> {
  const gpu = await unlessAbsent(() => requestGpu());
  gpu?.destroy();
  return {
    deno: Deno.version.deno,
    ...gpu && { webgpu: gpu.description },
    "jax-js": JAX_VERSION,
    ...torch && await torch.versions(),
  };
}

async function main(options: Options): Promise<void> {
  const { turns, networks, contenders } = options;
  const torch = await Torch.start(1);
  const software = await softwareOf(torch);
  const measurements: Measurement[] = [];
  for (const network of networks) {
    const found = await compareNetwork(network, options);
    const ran = contenders.filter((name) => found.some(({ contender }) => contender === name));
    const firsts = await compareFirstSteps(network, ran, Math.min(turns, MOST_FIRST_STEPS));
    measurements.push(...found, ...firsts);
  }
  measurements.push(...await compareProducts(torch, turns));
  await torch?.close();
  const results: Results = {
    version: 1,
    commit: await thisCommit(),
    date: new Date().toISOString(),
    machine: await thisMachine(),
    software,
    batch: BATCH,
    measurements,
  };
  console.log(renderTable(results));
  if (options.out === null) return;
  const folder = new URL("./results/", import.meta.url);
  await Deno.mkdir(folder, { recursive: true });
  const path = options.out ?? new URL(fileName(results), folder);
  await Deno.writeTextFile(path, formatResults(results));
  log(`Wrote ${path instanceof URL ? `bench/results/${fileName(results)}` : path}`);
}

await main(readOptions(Deno.args));
Deno.exit(0);

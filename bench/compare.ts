/**
 * Ours beside the peers, in one run on one adapter.
 *
 *     deno run -A --no-lock bench/compare.ts [faces|demo|matmul] [REPEATS]      default: all three
 *
 * `faces`, `demo` (batch 32): a whole training step of ours (pass for self-conditioning, forward,
 * backward, clipping, AdamW, moving average) beside jax-js's forward and backward alone. The two take
 * turns. Then, each in a process of its own and without Mesa's cache of shaders, the time from
 * starting the process to the first step done (ours), or the first gradients (jax-js).
 *
 * `matmul`: products A W' of these networks' shapes, each with a W of its own: ours with the
 * transposition of both operands, beside the faster of jax-js and TensorFlow.js. They take turns.
 *
 * @module
 */
import { PRESETS } from "../src/run/presets.ts";
import { requestGpu, Trainer } from "../mod.ts";
import type { Gpu } from "../src/device/webgpu/gpu.ts";
import { checkProduct, copiesOf, markdown, operandsOf, tensorOf, timeOnce } from "./measure.ts";
import { JAX_VERSION } from "./peers/jax.ts";
import { PEER_CONFIGS, startJaxRin } from "./peers/jax_rin.ts";
import {
  type MatmulShape,
  productsPerTiming,
  RIN_SHAPES,
  timeJaxMatmul,
  timeTfjsMatmul,
} from "./peers/matmul.ts";
import { TFJS_VERSION } from "./peers/tfjs.ts";
import { filler, median, milliseconds } from "./peers/timing.ts";

type Name = keyof typeof PEER_CONFIGS;

const BATCH = 32;

async function trainerOf(gpu: Gpu, name: Name) {
  const { network, training } = PRESETS[name];
  const trainer = await Trainer.create(gpu, network, { ...training, batchSize: BATCH });
  const batch = filler(BATCH * 3 * trainer.config.imageSize ** 2, 1, 1);
  return { trainer, batch };
}

/** Rows of both tables for a network. */
async function compareStep(gpu: Gpu, name: Name, repeats: number): Promise<string[]> {
  const { trainer, batch } = await trainerOf(gpu, name);
  const jax = await startJaxRin(PEER_CONFIGS[name], BATCH);
  const steps = 4;
  const ours = async () => {
    for (let step = 0; step < steps; step++) await trainer.enqueue(batch);
    const figures = await trainer.metrics();
    if (!figures.every(({ finite }) => finite)) throw new Error("a step was not finite");
  };
  await ours();
  await jax.grad();
  const [ourMs, jaxMs]: [number[], number[]] = [[], []];
  for (let i = 0; i < repeats; i++) {
    ourMs.push(await milliseconds(ours) / steps);
    jaxMs.push(await milliseconds(jax.grad));
  }
  trainer.destroy();
  jax.dispose();
  return [
    name,
    median(ourMs).toFixed(0),
    median(jaxMs).toFixed(0),
    `${(median(jaxMs) / median(ourMs)).toFixed(1)} x`,
    Math.min(...ourMs).toFixed(0),
    Math.min(...jaxMs).toFixed(0),
    `${(Math.min(...jaxMs) / Math.min(...ourMs)).toFixed(1)} x`,
  ];
}

/** Seconds of a process that does a first step and ends. */
async function startUp(which: "ours" | "jax", name: Name): Promise<number> {
  const command = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "--no-lock", import.meta.filename!, "first", which, name],
    env: { MESA_SHADER_CACHE_DISABLE: "true" },
    stderr: "null",
  });
  let success = false;
  const ms = await milliseconds(async () => void ({ success } = await command.output()));
  if (!success) throw new Error(`The first step of ${which}, ${name}, failed`);
  return ms / 1000;
}

/** What that process does. */
async function first(which: string, name: Name): Promise<void> {
  if (which === "jax") {
    const jax = await startJaxRin(PEER_CONFIGS[name], BATCH);
    await jax.grad();
  } else {
    const { trainer, batch } = await trainerOf(await requestGpu(), name);
    await trainer.step(batch);
  }
  Deno.exit(0);
}

/** Milliseconds of one product of ours, checked before. */
async function startOurs(gpu: Gpu, { M: m, N: n, K: k }: MatmulShape, products: number) {
  const shape = { m, n, k };
  const operands = operandsOf(shape);
  const a = tensorOf(gpu, "a", [m, k], operands.a);
  const weights = Array.from(
    { length: products },
    (_, i) => tensorOf(gpu, "w", [n, k], i ? filler(n * k, 1, 2 + i) : operands.w),
  );
  const outs = weights.map(() => tensorOf(gpu, "out", [m, n], new Float32Array(m * n).fill(NaN)));
  const program = await copiesOf(
    gpu,
    products,
    (plan, i) =>
      plan.record("matmul", { layout: "nt", ...shape }, { a, b: weights[i], out: outs[i] }),
  );
  await timeOnce(gpu, program);
  checkProduct("ours", shape, operands, await gpu.read(outs[0]));
  return {
    time: async () => await timeOnce(gpu, program) / products,
    destroy: () => {
      program.destroy();
      gpu.release(...[a, ...weights, ...outs].map(({ storage }) => storage!));
    },
  };
}

/** A row of the table of products. */
async function compareProduct(gpu: Gpu, shape: MatmulShape, repeats: number): Promise<string[]> {
  const ours = await startOurs(gpu, shape, productsPerTiming(shape));
  const times = { ours: [] as number[], jax: [] as number[], tfjs: [] as number[] };
  for (let i = 0; i < repeats; i++) {
    times.ours.push(await ours.time());
    times.jax.push(...await timeJaxMatmul(shape, 1));
    times.tfjs.push(...await timeTfjsMatmul(shape, 1));
  }
  ours.destroy();
  const [our, jax, tfjs] = [times.ours, times.jax, times.tfjs].map(median);
  return [
    `${shape.M} x ${shape.N} x ${shape.K}`,
    ...[our, jax, tfjs].map((ms) => ms.toFixed(2)),
    (2 * shape.M * shape.N * shape.K / our / 1e6).toFixed(1),
    `${(Math.min(jax, tfjs) / our).toFixed(1)} x`,
  ];
}

async function main([what, count]: string[]): Promise<void> {
  const repeats = Number(count ?? 5);
  const names = (["faces", "demo"] as const).filter((name) => what === undefined || what === name);
  const gpu = await requestGpu();
  const versions = `jax-js ${JAX_VERSION}, tfjs-backend-webgpu ${TFJS_VERSION}`;
  console.log(`${gpu.info.description}; ${versions}; ${repeats} repeats\n`);
  if (names.length > 0) {
    const rows: string[][] = [];
    for (const name of names) rows.push(await compareStep(gpu, name, repeats));
    console.log(markdown([
      `batch ${BATCH}, ms`,
      "ours, whole step: median",
      "jax-js, forward + backward: median",
      "ratio",
      "ours: least",
      "jax-js: least",
      "ratio",
    ], rows));
    const starts: string[][] = [];
    for (const name of names) {
      const [ours, jax] = [await startUp("ours", name), await startUp("jax", name)];
      starts.push([name, ours.toFixed(1), jax.toFixed(1)]);
    }
    console.log(`\n${
      markdown([
        "seconds from nothing",
        "ours: first step done",
        "jax-js: first gradients",
      ], starts)
    }`);
  }
  if (what === undefined || what === "matmul") {
    const rows: string[][] = [];
    for (const shape of [...RIN_SHAPES.faces, ...RIN_SHAPES.demo]) {
      rows.push(await compareProduct(gpu, shape, repeats));
    }
    const heading = ["M x N x K", "ours, ms", "jax-js, ms", "tfjs, ms", "ours, GFLOP/s", "ratio"];
    console.log(`\n${markdown(heading, rows)}`);
  }
}

if (import.meta.main) {
  const [what, which, name] = Deno.args;
  if (![undefined, "faces", "demo", "matmul", "first"].includes(what)) {
    throw new Error(`Unknown comparison "${what}": known are faces, demo and matmul`);
  }
  if (what === "first") await first(which, name as Name);
  else await main(Deno.args);
  Deno.exit(0);
}

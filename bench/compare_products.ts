/**
 * Products A W' of RIN's shapes on WebGPU: ours beside jax-js and TensorFlow.js, in turns.
 *
 *     deno run -A --no-lock bench/compare_products.ts [REPEATS]
 *
 * Each product has a W of its own. Ours include the transposition of both operands.
 *
 * @module
 */
import { requestGpu } from "../mod.ts";
import type { Gpu } from "../src/device/webgpu/gpu.ts";
import { markdown } from "./measure.ts";
import { startProduct } from "./our_product.ts";
import { JAX_VERSION } from "./peers/jax.ts";
import {
  type MatmulShape,
  productsPerTiming,
  RIN_SHAPES,
  timeJaxMatmul,
  timeTfjsMatmul,
} from "./peers/matmul.ts";
import { TFJS_VERSION } from "./peers/tfjs.ts";
import { median } from "./peers/timing.ts";

/** A row of the table. */
async function compareProduct(gpu: Gpu, shape: MatmulShape, repeats: number): Promise<string[]> {
  const { M, N, K } = shape;
  const ours = await startProduct(gpu, { m: M, n: N, k: K }, productsPerTiming(shape));
  const times = { ours: [] as number[], jax: [] as number[], tfjs: [] as number[] };
  for (let i = 0; i < repeats; i++) {
    times.ours.push(await ours.time());
    times.jax.push(...await timeJaxMatmul(shape, 1));
    times.tfjs.push(...await timeTfjsMatmul(shape, 1));
  }
  ours.destroy();
  const [our, jax, tfjs] = [times.ours, times.jax, times.tfjs].map(median);
  return [
    `${M} x ${N} x ${K}`,
    ...[our, jax, tfjs].map((ms) => ms.toFixed(2)),
    (2 * M * N * K / our / 1e6).toFixed(1),
    `${(Math.min(jax, tfjs) / our).toFixed(1)} x`,
  ];
}

const repeats = Number(Deno.args[0] ?? 5);
const gpu = await requestGpu();
const versions = `jax-js ${JAX_VERSION}, tfjs-backend-webgpu ${TFJS_VERSION}`;
console.log(`${gpu.info.description}; ${versions}; ${repeats} repeats\n`);
const rows: string[][] = [];
for (const shape of [...RIN_SHAPES.faces, ...RIN_SHAPES.demo]) {
  rows.push(await compareProduct(gpu, shape, repeats));
}
const heading = ["M x N x K", "ours, ms", "jax-js, ms", "tfjs, ms", "ours, GFLOP/s", "ratio"];
console.log(markdown(heading, rows));
Deno.exit(0);

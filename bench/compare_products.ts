/**
 * Products A W' of RIN's shapes on WebGPU: ours beside jax-js and TensorFlow.js, in turns.
 *
 *     deno run -A --no-lock bench/compare_products.ts [REPEATS] [--contenders rin,jax-js,tfjs]
 *
 * Each product has a W of its own. Ours include the transposition of both operands. jax-js and tfjs are
 * fetched where they take part.
 *
 * @module
 */
import { parseArgs } from "@std/cli";
import { type Gpu, requestGpu } from "../mod.ts";
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

/** Milliseconds of one product; `end` frees what they were taken with. */
interface Product {
  readonly time: () => Promise<number>;
  readonly end?: () => void;
}

const CONTENDERS: Readonly<Record<string, (gpu: Gpu, shape: MatmulShape) => Promise<Product>>> = {
  rin: async (gpu, shape) => {
    const { M: m, N: n, K: k } = shape;
    const { time, destroy } = await startProduct(gpu, { m, n, k }, productsPerTiming(shape));
    return { time, end: destroy };
  },
  "jax-js": (_, shape) => Promise.resolve({ time: async () => (await timeJaxMatmul(shape, 1))[0] }),
  tfjs: (_, shape) => Promise.resolve({ time: async () => (await timeTfjsMatmul(shape, 1))[0] }),
};

/** Milliseconds of one product, the median of each contender. */
async function compareProduct(
  gpu: Gpu,
  shape: MatmulShape,
  names: readonly string[],
): Promise<number[]> {
  const products = await Promise.all(names.map((name) => CONTENDERS[name](gpu, shape)));
  const times = products.map((): number[] => []);
  for (let i = 0; i < repeats; i++) {
    for (const [at, { time }] of products.entries()) times[at].push(await time());
  }
  products.forEach(({ end }) => end?.());
  return times.map(median);
}

/** Exits with code 2 where the arguments make no sense. */
function readNames(given: string | undefined): readonly string[] {
  const names = given?.split(",") ?? Object.keys(CONTENDERS);
  const unknown = names.find((name) => !Object.hasOwn(CONTENDERS, name));
  if (unknown === undefined) return names;
  console.error(`Unknown contender "${unknown}": use ${Object.keys(CONTENDERS).join(", ")}`);
  Deno.exit(2);
}

const { _: [given = 5], contenders } = parseArgs(Deno.args, { string: ["contenders"] });
const repeats = Number(given);
const names = readNames(contenders);
const gpu = await requestGpu();
const versions = `jax-js ${JAX_VERSION}, tfjs-backend-webgpu ${TFJS_VERSION}`;
console.log(`${gpu.info.description}; ${versions}; ${repeats} repeats\n`);
const rows: string[][] = [];
for (const shape of [...RIN_SHAPES.faces, ...RIN_SHAPES.demo]) {
  const name = `${shape.M} x ${shape.N} x ${shape.K}`;
  const times = await compareProduct(gpu, shape, names);
  const gflop = 2 * shape.M * shape.N * shape.K / 1e6;
  rows.push([name, ...times.flatMap((ms) => [ms.toFixed(2), (gflop / ms).toFixed(1)])]);
  console.error(`${name}: done`);
}
const heading = ["M x N x K", ...names.flatMap((name) => [`${name}, ms`, `${name}, GFLOP/s`])];
console.log(markdown(heading, rows));
Deno.exit(0);

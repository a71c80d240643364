/**
 * Matrix multiplications of RIN's own shapes in jax-js and TensorFlow.js on WebGPU.
 *
 * A timing queues many products of one A, each with a W of its own, then waits for the device, and
 * gives the time of one product. Different W leave nothing to share or to skip, all results are
 * kept until the device is done, and samples of two of them are checked first.
 *
 * @module
 */
import { JAX_VERSION, loadJax } from "./jax.ts";
import { loadTfjs, TFJS_VERSION } from "./tfjs.ts";
import { adapterName, filler, median, milliseconds, printTable } from "./timing.ts";

/** How A and W lie in memory: NT is A[M,K] W[N,K]^T, NN A[M,K] W[K,N], TN A[K,M]^T W[K,N]. */
export type MatmulLayout = "NT" | "NN" | "TN";

/** C[M,N] = A W over K, f32. */
export interface MatmulShape {
  readonly M: number;
  readonly N: number;
  readonly K: number;
  /** Default "NT", the forward pass of a linear layer. */
  readonly layout?: MatmulLayout;
}

/**
 * Products in one timing: about 1 GFLOP of them, at most 64.
 *
 * Deno looks whether the device is done every 11 ms only. On a software adapter this count hides
 * that; on a fast GPU ask for more, or read the times as upper bounds.
 */
export function productsPerTiming(shape: MatmulShape): number {
  return Math.min(64, Math.max(8, Math.ceil(1e9 / matmulFlop(shape))));
}

/** The linear layers of the faces and demo configs at batch 32: rows, outputs, inputs. */
export const RIN_SHAPES: { readonly faces: MatmulShape[]; readonly demo: MatmulShape[] } = {
  faces: shapes([512, 128, 128], [512, 512, 128], [512, 128, 512]),
  demo: shapes(
    [2048, 64, 64],
    [2048, 256, 64],
    [2048, 64, 256],
    [2048, 128, 64],
    [1024, 128, 128],
    [1024, 512, 128],
    [1024, 128, 512],
  ),
};

function shapes(...rows: [number, number, number][]): MatmulShape[] {
  return rows.map(([M, N, K]) => ({ M, N, K }));
}

/** Floating-point operations of one product: a multiplication and an addition each. */
function matmulFlop({ M, N, K }: MatmulShape): number {
  return 2 * M * N * K;
}

/** A and the Ws: values and the shapes in which they lie. */
function operands({ M, N, K, layout = "NT" }: MatmulShape, products: number) {
  const aShape: [number, number] = layout === "TN" ? [K, M] : [M, K];
  const wShape: [number, number] = layout === "NT" ? [N, K] : [K, N];
  const a = filler(M * K, 1, 1);
  const ws = Array.from({ length: products }, (_, i) => filler(N * K, 1, 2 + i));
  return { a, ws, aShape, wShape };
}

/**
 * Checks a product at 100 places against sums in float64.
 *
 * @throws {Error} naming the library and the place
 */
function checkProduct(
  { M, N, K, layout = "NT" }: MatmulShape,
  a: Float32Array,
  w: Float32Array,
  c: Float32Array,
  library: string,
): void {
  for (let i = 0; i < 100; i++) {
    const row = (i * 7919) % M, column = (i * 104729) % N;
    let sum = 0;
    for (let k = 0; k < K; k++) {
      const left = layout === "TN" ? a[k * M + row] : a[row * K + k];
      sum += left * (layout === "NT" ? w[column * K + k] : w[k * N + column]);
    }
    const found = c[row * N + column];
    if (!(Math.abs(found - sum) < 1e-5 * K)) {
      throw new Error(
        `${library} ${M}x${N}x${K} ${layout} [${row}, ${column}]: ${found}, not ${sum}`,
      );
    }
  }
}

/**
 * Milliseconds of one product in jax-js, `repeats` times, after an untimed and checked run.
 *
 * The products of a timing are one jitted program with several outputs: jax-js's cheapest way.
 */
export async function timeJaxMatmul(
  shape: MatmulShape,
  repeats: number,
  products = productsPerTiming(shape),
): Promise<number[]> {
  const jax = await loadJax();
  const { a, ws, aShape, wShape } = operands(shape, products);
  const { layout = "NT" } = shape;
  const left = jax.numpy.array(a, { shape: aShape });
  const rights = ws.map((w) => jax.numpy.array(w, { shape: wShape }));
  const program = jax.jit((x: typeof left, many: typeof rights) => {
    const y = layout === "TN" ? x.transpose() : x;
    const all = many.map((w) => jax.numpy.matmul(y.ref, layout === "NT" ? w.transpose() : w));
    y.dispose();
    return all;
  });
  const run = async () => {
    const outputs = program(left.ref, rights.map((w) => w.ref));
    await outputs[0].ref.data(); // Sends the whole program; the read comes last in the queue.
    return outputs;
  };
  const first = await run();
  for (const i of [0, products - 1]) {
    checkProduct(shape, a, ws[i], await first[i].ref.data(), "jax-js");
  }
  for (const output of first) output.dispose();
  const times: number[] = [];
  for (let i = 0; i < repeats; i++) {
    let outputs: typeof rights = [];
    times.push(await milliseconds(async () => void (outputs = await run())) / products);
    for (const output of outputs) output.dispose();
  }
  for (const array of [left, ...rights]) array.dispose();
  return times;
}

/** Milliseconds of one product in TensorFlow.js, `repeats` times, after an untimed, checked run. */
export async function timeTfjsMatmul(
  shape: MatmulShape,
  repeats: number,
  products = productsPerTiming(shape),
): Promise<number[]> {
  const tf = await loadTfjs();
  const { a, ws, aShape, wShape } = operands(shape, products);
  const { layout = "NT" } = shape;
  const left = tf.tensor2d(a, aShape);
  const rights = ws.map((w) => tf.tensor2d(w, wShape));
  const run = async () => {
    const outputs = rights.map((w) => tf.matMul(left, w, layout === "TN", layout === "NT"));
    // The last product's first number, read: the queue runs in order, so the rest is done too.
    const number = tf.slice(outputs[products - 1], [0, 0], [1, 1]);
    await number.data();
    number.dispose();
    return outputs;
  };
  const first = await run();
  for (const i of [0, products - 1]) {
    checkProduct(shape, a, ws[i], await first[i].data(), "TensorFlow.js");
  }
  for (const output of first) output.dispose();
  const times: number[] = [];
  for (let i = 0; i < repeats; i++) {
    let outputs: typeof rights = [];
    times.push(await milliseconds(async () => void (outputs = await run())) / products);
    for (const output of outputs) output.dispose();
  }
  for (const tensor of [left, ...rights]) tensor.dispose();
  return times;
}

if (import.meta.main) {
  const [which = "faces", repeats = "7", layout = "NT"] = Deno.args;
  if (which !== "faces" && which !== "demo") throw new Error(`Unknown shapes "${which}"`);
  if (layout !== "NT" && layout !== "NN" && layout !== "TN") {
    throw new Error(`Unknown layout "${layout}"`);
  }
  console.log(`adapter: ${await adapterName()}; jax-js ${JAX_VERSION}, tfjs ${TFJS_VERSION}`);
  const rows: string[][] = [];
  for (const plain of RIN_SHAPES[which]) {
    const shape = { ...plain, layout } as const;
    const jax = median(await timeJaxMatmul(shape, Number(repeats)));
    const tfjs = median(await timeTfjsMatmul(shape, Number(repeats)));
    const rate = (ms: number) => (matmulFlop(shape) / ms / 1e6).toFixed(1);
    const name = `${shape.M}x${shape.N}x${shape.K} ${layout}`;
    rows.push([name, jax.toFixed(2), rate(jax), tfjs.toFixed(2), rate(tfjs)]);
  }
  printTable(["M x N x K", "jax-js ms", "GFLOP/s", "tfjs ms", "GFLOP/s"], rows);
  Deno.exit(0);
}

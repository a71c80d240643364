/**
 * The ladder of matrix kernels: versions of C = A W' at RIN's shapes, each checked against a float64
 * product, then timed, with what it costs to compile.
 *
 *     MESA_SHADER_CACHE_DISABLE=true deno run -A bench/ladder.ts [ROUNDS]
 *
 * The variable keeps Mesa from taking compiled shaders from disk; without it the column "compiled"
 * tells nothing. In each round every version is timed once, so that what else the machine does meets
 * all of them; the table has the least of the rounds.
 *
 * @module
 */
import type { Launch } from "../kernels/kernel.ts";
import { matmulOuter } from "../kernels/matmul_outer.ts";
import { matmulTiled } from "../kernels/matmul_tiled.ts";
import { requestGpu } from "../mod.ts";
import { persistent, type Plan, type Tensor } from "../src/gpu/plan.ts";
import { product } from "../src/nn/product.ts";
import { alongK, naive, outerProducts } from "./ladder_kernels.ts";
import {
  checkProduct,
  copiesOf,
  flopOf,
  markdown,
  nameOf,
  operandsOf,
  Repeated,
  type Shape,
  tensorOf,
  timeOnce,
} from "./measure.ts";
import { filler, milliseconds } from "./peers/timing.ts";

const SHAPES: readonly Shape[] = [
  { m: 512, n: 512, k: 128 },
  { m: 512, n: 128, k: 512 },
  { m: 512, n: 128, k: 128 },
  { m: 2048, n: 64, k: 64 },
];

/** Operands on the device: as they are (rows along k), and transposed. */
interface Inputs {
  readonly a: Tensor;
  readonly at: Tensor;
  readonly wt: Tensor;
  /** One and the same matrix at a place of its own for each copy. */
  w(copy: number): Tensor;
}

type Record = (plan: Plan, shape: Shape, inputs: Inputs, out: Tensor, copy: number) => void;

const rows = (kernel: (shape: Shape) => Launch): Record => (plan, shape, { a, w }, out) =>
  plan.dispatch(kernel(shape), [a, w(0), out]);
const columns = (kernel: (shape: Shape) => Launch): Record => (plan, shape, { at, wt }, out) =>
  plan.dispatch(kernel(shape), [at, wt, out]);

const VERSIONS: { readonly [name: string]: Record } = {
  "a. one element an invocation": rows(naive),
  "b. 64 x 64 workgroup tile (the product's, on GPUs)": rows((shape) =>
    matmulTiled({ layout: "nt", ...shape })
  ),
  "c. 4 x 4 elements, vec4 along k from storage": rows((shape) => alongK(shape, 4)),
  "d. 8 x 8 elements, vec4 along k from storage": rows((shape) => alongK(shape, 8)),
  "e. 8 x 8 outer products of transposed operands": columns((shape) => outerProducts(shape, 8)),
  "f. 16 x 16 outer products (the product's)": columns((shape) =>
    matmulOuter({ ...shape, strides: { a: shape.m, b: shape.n } })
  ),
  "g. f with the transposition of both operands": (plan, { m, n, k }, { a, w }, out, copy) =>
    // A plan transposes a parameter only once, hence a matrix of its own.
    product(plan, { layout: "nt", m, n, k, a, b: w(copy), out }),
};

const ROUNDS = Number(Deno.args[0] ?? 7);
const gpu = await requestGpu({ kernels: "software" });
const cold = Deno.env.get("MESA_SHADER_CACHE_DISABLE") === "true";

/** x (rows, columns) to (columns, rows). */
function transposed(x: Float32Array, rows: number, columns: number): Float32Array<ArrayBuffer> {
  return Float32Array.from(x, (_, i) => x[(i % rows) * columns + Math.floor(i / rows)]);
}

/** Compiles a version, runs it once and checks it; gives the seconds of compiling and running. */
async function tryOut(
  name: string,
  shape: Shape,
  record: (plan: Plan, copy: number) => void,
  out: Tensor,
): Promise<number> {
  const ms = await milliseconds(async () => {
    const program = await copiesOf(gpu, gpu.kind, 1, record);
    await timeOnce(gpu, program);
    program.destroy();
  });
  checkProduct(name, shape, operandsOf(shape), await gpu.read(out));
  return ms / 1000;
}

/** The fused kernel, for what it costs to compile. */
async function compileFused(shape: Shape): Promise<number> {
  const { m, n, k } = shape;
  const tensors = [[k, m], [k, n], [n], [m, n], [m, n]].map((size, i) => persistent(`${i}`, size));
  const launch = outerProducts(shape, 16, true);
  const ms = await milliseconds(async () => {
    const program = await copiesOf(gpu, gpu.kind, 1, (plan) => plan.dispatch(launch, tensors));
    await timeOnce(gpu, program);
    program.destroy();
  });
  gpu.release(...tensors.map(({ storage }) => storage!));
  return ms / 1000;
}

const compiled = new Map<string, number>();
const rates = new Map<string, string[]>(Object.keys(VERSIONS).map((name) => [name, []]));
for (const shape of SHAPES) {
  const { m, n, k } = shape;
  const operands = operandsOf(shape);
  const copies: Tensor[] = [];
  const inputs: Inputs = {
    a: tensorOf(gpu, "a", [m, k], operands.a),
    at: tensorOf(gpu, "at", [k, m], transposed(operands.a, m, k)),
    wt: tensorOf(gpu, "wt", [k, n], transposed(operands.w, n, k)),
    w: (copy) => copies[copy] ??= tensorOf(gpu, "w", [n, k], operands.w),
  };
  const runs: { name: string; repeated: Repeated; times: number[] }[] = [];
  const outs: Tensor[] = [];
  for (const [name, version] of Object.entries(VERSIONS)) {
    const out = tensorOf(gpu, "out", [m, n], filler(m * n, 1, 3));
    outs.push(out);
    const record = (plan: Plan, copy: number) => version(plan, shape, inputs, out, copy);
    const seconds = await tryOut(name, shape, record, out);
    if (!compiled.has(name)) compiled.set(name, seconds);
    runs.push({ name, repeated: await Repeated.of(gpu, record), times: [] });
  }
  for (let round = 0; round < ROUNDS; round++) {
    for (const { repeated, times } of runs) times.push(await repeated.time());
  }
  for (const { name, repeated, times } of runs) {
    rates.get(name)!.push((flopOf(shape) / Math.min(...times) / 1e6).toFixed(1));
    repeated.destroy();
  }
  const { a, at, wt } = inputs;
  gpu.release(...[a, at, wt, ...copies, ...outs].map(({ storage }) => storage!));
}
const fused = await compileFused(SHAPES[0]);

console.log(
  `${gpu.info.description}; GFLOP/s, least time of ${ROUNDS} rounds; ` +
    `compiled: first compilation and run, ${cold ? "without" : "WITH"} Mesa's cache on disk\n`,
);
console.log(markdown(["version", ...SHAPES.map(nameOf), "compiled, s"], [
  ...[...rates].map(([name, cells]) => [name, ...cells, compiled.get(name)!.toFixed(2)]),
  ["16 x 16 with bias and GELU behind the loop", ...SHAPES.map(() => ""), fused.toFixed(2)],
]));

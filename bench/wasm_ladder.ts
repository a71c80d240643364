/**
 * The ladder of the CPU's matrix products: shapes of the innermost loop, then whole products at RIN's
 * sizes, in GFLOP/s of one thread.
 *
 *     deno run -A --v8-flags=--no-liftoff bench/wasm_ladder.ts
 *
 * The flag keeps V8's first, quick compiler out of the timings; add --no-wasm-bounds-checks to it to see
 * what the bounds checks cost. Every number is the best of many short runs in turn, so that what else
 * the machine does meets all of them.
 *
 * @module
 */
import { matmul } from "../src/device/cpu/lowering/matmul.ts";
import type { SizesOf } from "../src/graph/ops.ts";
import { temporary } from "../src/graph/tensor.ts";
import { compile } from "../kernels/wasm/build.ts";
import { unshared } from "../kernels/wasm/unshared.ts";
import { type Loop, loopSource } from "./wasm_loops.ts";
import { type Arithmetic, ARITHMETICS, tapeOf } from "./wasm_tape.ts";

/** Milliseconds that each version is timed for. */
const PATIENCE = 1000;

const shape = (rows: number, vectors: number, a: Loop["a"], unroll: number): Loop => {
  return { rows, vectors, a, unroll };
};

const LOOPS: readonly Loop[] = [
  shape(4, 3, "load", 1),
  shape(4, 3, "load", 2),
  shape(4, 3, "load", 4),
  shape(4, 3, "shuffle", 4),
  shape(6, 2, "load", 1),
  shape(6, 2, "load", 4),
  shape(6, 2, "shuffle", 1),
  shape(5, 2, "load", 1),
  shape(5, 2, "shuffle", 1),
  shape(8, 1, "shuffle", 1),
  shape(4, 2, "load", 1),
  shape(4, 2, "load", 4),
  shape(4, 2, "shuffle", 4),
  shape(4, 2, "shuffle", 1), // the device's
];

type Sizes = SizesOf<"matmul">;

const PRODUCTS: readonly Sizes[] = [
  { layout: "nt", m: 512, n: 128, k: 128 },
  { layout: "nt", m: 512, n: 384, k: 128 },
  { layout: "nt", m: 512, n: 512, k: 128 },
  { layout: "nt", m: 512, n: 512, k: 128, activation: "gelu" },
  { layout: "nt", m: 512, n: 128, k: 512 },
  { layout: "nn", m: 512, n: 128, k: 512 },
  { layout: "nn", m: 512, n: 512, k: 128, derivative: "gelu" },
  { layout: "tn", m: 128, n: 128, k: 512 },
  { layout: "tn", m: 512, n: 128, k: 2048 },
  { layout: "nt", m: 256, n: 1024, k: 1024 },
];

/** Calls all `runs` in turn until their time is up; returns the least milliseconds of each. */
function least(runs: readonly (() => void)[]): number[] {
  const best = runs.map(() => Infinity);
  const until = performance.now() + PATIENCE * runs.length;
  while (performance.now() < until) {
    for (const [i, run] of runs.entries()) {
      const start = performance.now();
      run();
      best[i] = Math.min(best[i], performance.now() - start);
    }
  }
  return best;
}

const gigaflops = (m: number, n: number, k: number, milliseconds: number) =>
  (2 * m * n * k / milliseconds / 1e6).toFixed(1);

function fill(floats: Float32Array): Float32Array {
  return floats.map((_, i) => Math.sin(i));
}

async function loop(
  loop: Loop,
  [m, n, k]: readonly number[],
  arithmetic: Arithmetic,
) {
  const texts = { "assembly/index.ts": loopSource(loop) };
  const module = await WebAssembly.compile(unshared(await compile(arithmetic, texts)));
  const c = (m * k + n * k) * 4;
  const memory = new WebAssembly.Memory({ initial: Math.ceil(c / 65536) + 1, maximum: 65536 });
  const floats = new Float32Array(memory.buffer);
  floats.set(fill(floats));
  const { product } = new WebAssembly.Instance(module, { env: { memory } }).exports;
  return () => (product as (...args: number[]) => void)(0, m * k * 4, c, m, n, k);
}

async function product(sizes: Sizes, arithmetic: Arithmetic) {
  const { layout, m, n, k } = sizes;
  const [a, b, out, bias] = [m * k, k * n, m * n, n].map((size) => temporary(size));
  const pre = sizes.activation || sizes.derivative ? temporary(m * n) : undefined;
  const operands = { a, b, out, bias: layout === "nt" ? bias : undefined, pre };
  const inputs = [a, b, bias, ...pre ? [pre] : []];
  const contents = new Map(inputs.map((x) => [x, fill(new Float32Array(x.size))]));
  return await tapeOf(matmul(sizes, operands), contents, arithmetic);
}

const [m, n, k] = [240, 240, 128]; // multiples of all rows and columns
console.log("\n| rows x columns | a | unrolled | fused | exact |\n|---|---|---:|---:|---:|");
const loops = await Promise.all(
  LOOPS.flatMap((each) => ARITHMETICS.map((name) => loop(each, [m, n, k], name))),
);
const speeds = least(loops).map((time) => gigaflops(m, n, k, time));
for (const [i, { rows, vectors, a, unroll }] of LOOPS.entries()) {
  const pair = speeds.slice(2 * i, 2 * i + 2).join(" | ");
  console.log(`| ${rows} x ${vectors * 4} | ${a} | ${unroll} | ${pair} |`);
}

console.log("\n| product | fused | exact |\n|---|---:|---:|");
for (const sizes of PRODUCTS) {
  const { layout, m, n, k, ...flags } = sizes;
  const runs = await Promise.all(ARITHMETICS.map((name) => product(sizes, name)));
  const found = least(runs).map((time) => gigaflops(m, n, k, time));
  const extra = Object.entries(flags).map(([key, value]) => `, ${key} ${value}`).join("");
  console.log(`| ${layout} ${m} x ${n} x ${k}${extra} | ${found.join(" | ")} |`);
}

// Every kernel that reads parameters, with parameters in f16: what the float64 reference gives for them,
// and to the bit what the kernel gives for the same numbers in f32, since widening is exact.

import { assert, assertEquals } from "@std/assert";
import { gatherRows, joinLatents } from "../../kernels/wgsl/conditioning.ts";
import { addRows, beginLatents } from "../../kernels/wgsl/elementwise.ts";
import type { Launch } from "../../kernels/wgsl/kernel.ts";
import { layerNorm, layerNormInputGradient } from "../../kernels/wgsl/layer_norm.ts";
import { matmulTiled } from "../../kernels/wgsl/matmul_tiled.ts";
import { parameter } from "../../kernels/wgsl/parameter.ts";
import type { FloatType } from "../../kernels/shapes.ts";
import type { Gpu } from "../../src/device/webgpu/gpu.ts";
import { assertClose, assertSameBits, data } from "../helpers/close.ts";
import { gpuTest } from "../helpers/gpu.ts";
import { matmul } from "../reference/matmul.ts";
import { type Content, runLaunch } from "./run_launch.ts";
import {
  layerNorm as normReference,
  layerNormAdjoint,
  rowStatistics,
} from "../reference/layer_norm.ts";

const RELATIVE = 2e-6;

/** Normals as f16, some so small that f16 has few bits left for them. */
function halves(length: number, stream: number): Float64Array {
  const values = data(length, stream).map((value, i) => i % 5 === 3 ? value / 1e5 : value);
  return Float64Array.from(Float16Array.from(values));
}

interface Case {
  readonly name: string;
  readonly make: (type: FloatType) => Launch;
  /** Bindings that hold parameters. */
  readonly parameters: Record<string, ArrayLike<number>>;
  /** All others. */
  readonly others: Record<string, Content>;
  /** What the reference gives, by binding. */
  readonly wanted: Record<string, ArrayLike<number>>;
}

async function check(gpu: Gpu, { name, make, parameters, others, wanted }: Case): Promise<void> {
  const half = Object.entries(parameters).map(([key, value]) => [key, Float16Array.from(value)]);
  const launch = make("f16");
  const read = launch.code.match(/\bread> \w+: array<(vec4<)?f16>/g);
  assertEquals(read?.length, half.length, `${name}: parameters are bound as f16, nothing else`);
  const found = await runLaunch(gpu, launch, { ...others, ...Object.fromEntries(half) });
  const full = await runLaunch(gpu, make("f32"), { ...others, ...parameters });
  for (const [key, values] of Object.entries(wanted)) {
    assertClose(`${name}: ${key}`, found[key], values, RELATIVE);
    assertSameBits(`${name}: ${key} as of f32`, found[key], full[key]);
  }
}

/** A test of cases on adapters that read f16. */
function halfTest(name: string, cases: () => Case[]): void {
  gpuTest(
    `f16 parameters: ${name}`,
    async (gpu) => {
      for (const one of cases()) await check(gpu, one);
    },
    "shader-f16",
  );
}

// Odd; multiples of 4, so that vectors are read; beyond a tile.
const SHAPES = [[1, 1, 1], [9, 7, 5], [12, 20, 16], [67, 69, 35], [68, 132, 36]];

function productOf(layout: "nt" | "nn", [m, n, k]: number[]) {
  const [a, b, bias] = [data(m * k, 1), halves(k * n, 2), halves(n, 3)];
  const product = matmul(a, b, { m, n, k, transA: false, transB: layout === "nt" });
  return { a, b, bias, out: product.map((sum, i) => sum + bias[i % n]) };
}

/** Values with NaN around them: shows any element that is read but isn't the operand's own. */
function padded(values: ArrayLike<number>, before: number): number[] {
  return [...Array(before).fill(NaN), ...Array.from(values), ...Array(12).fill(NaN)];
}

for (const layout of ["nt", "nn"] as const) {
  halfTest(
    `matmulTiled() multiplies ${layout}`,
    () =>
      SHAPES.flatMap((shape) =>
        [0, 3, 8].map((origin): Case => {
          const [m, n, k] = shape;
          const { a, b, bias, out } = productOf(layout, shape);
          const origins = { b: origin, bias: origin };
          return {
            name: `${shape} from ${origin}`,
            make: (type) =>
              matmulTiled({ layout, m, n, k, bias: true, origins, types: { b: type, bias: type } }),
            parameters: { b: padded(b, origin), bias: padded(bias, origin) },
            others: { a, out: m * n },
            wanted: { out },
          };
        })
      ),
  );
}

halfTest(
  "layerNorm() and the gradient of x",
  () =>
    [[3, 7], [31, 36], [33, 24], [65, 129]].flatMap(([rows, d]): Case[] => {
      const [x, dy] = [data(rows * d, 10), data(rows * d, 13)];
      const [weight, bias] = [halves(d, 11), halves(d, 12)];
      const affine = [...weight, ...bias];
      const stats = Float64Array.from({ length: 2 * rows }, (_, i) => {
        const { mean, rstd } = rowStatistics(x, Math.floor(i / 2) * d, d, 1e-5);
        return i % 2 === 0 ? mean : rstd;
      });
      return [
        {
          name: `(${rows}, ${d})`,
          make: (type) => layerNorm({ rows, d, type, epsilon: 1e-5 }),
          parameters: { affine },
          others: { x, y: rows * d, stats: 2 * rows },
          wanted: { y: normReference(x, weight, bias), stats },
        },
        {
          name: `(${rows}, ${d}), dx`,
          make: (type) => layerNormInputGradient({ rows, d, type, accumulate: false }),
          parameters: { affine },
          others: { x, stats, dy, dx: rows * d },
          wanted: { dx: layerNormAdjoint(x, weight, dy).dx },
        },
      ];
    }),
);

halfTest(
  "addRows() adds positions to every example",
  () =>
    [[3, 7], [5, 36], [2, 64]].flatMap(([outer, inner]) =>
      [false, true].map((previous): Case => {
        const [x, before] = [data(outer * inner, 43), data(outer * inner, 48)];
        const table = halves(inner, 44);
        const mask = Array.from({ length: outer }, (_, b) => b % 2);
        return {
          name: `${outer} x ${inner}`,
          make: (type) => addRows({ outer, inner, previous, type }),
          parameters: { table },
          others: { x, previous: before, mask, y: x.length },
          wanted: {
            y: x.map((value, i) =>
              value + table[i % inner] + (previous ? mask[Math.floor(i / inner)] * before[i] : 0)
            ),
          },
        };
      })
    ),
);

halfTest(
  "beginLatents() begins a pass",
  () =>
    [[1, 2, 1], [3, 5, 7], [2, 4, 12]].flatMap(([batch, m, d]) =>
      [false, true].flatMap((previous): Case[] => {
        const start = halves(m * d, 46);
        const [time, before] = [data(batch * d, 47), data(batch * m * d, 48)];
        const mask = Array.from({ length: batch }, (_, b) => b % 2);
        const y = before.map((value, i) => {
          const b = Math.floor(i / (m * d));
          return start[i % (m * d)] + time[b * d + i % d] + (previous ? mask[b] * value : 0);
        });
        const joined = before.map((value, i) => {
          const [b, row, k] = [Math.floor(i / (m * d)), Math.floor(i / d) % m, i % d];
          const z = row < m - 1 ? start[row * d + k] : time[b * d + k];
          return z + (previous ? mask[b] * value : 0);
        });
        return [
          {
            name: `${batch} x ${m} x ${d}, ${previous ? "previous" : "cold"}`,
            make: (type) => beginLatents({ batch, m, d, previous, type }),
            parameters: { start },
            others: { time, previous: before, mask, y: before.length },
            wanted: { y },
          },
          {
            name: `${batch} x ${m} x ${d}, joined, ${previous ? "previous" : "cold"}`,
            make: (type) => joinLatents({ batch, m, d, tokens: 1, previous, type }),
            parameters: { start: start.subarray(0, (m - 1) * d) },
            others: { token0: time, previous: before, mask, y: before.length },
            wanted: { y: joined },
          },
        ];
      })
    ),
);

halfTest(
  "gatherRows() takes rows of the table of classes",
  () =>
    [[5, 3, 7], [6, 4, 12], [70, 2, 5]].map(([batch, n, d]): Case => {
      const rows = Uint32Array.from({ length: batch }, (_, i) => (i * i) % n);
      const table = halves(n * d, 64);
      return {
        name: `${batch} of ${n} x ${d}`,
        make: (type) => gatherRows({ batch, n, d, type }),
        parameters: { table },
        others: { rows, y: batch * d },
        wanted: {
          y: Array.from(
            { length: batch * d },
            (_, i) => table[rows[Math.floor(i / d)] * d + i % d],
          ),
        },
      };
    }),
);

Deno.test("parameter() reads its own type, and widens f16", () => {
  const of = (width: 1 | 4, type?: FloatType) => {
    const { binding, at } = parameter("w", width, type);
    return [binding.type, at("i")];
  };
  assertEquals(of(1), ["array<f32>", "w[i]"]);
  assertEquals(of(4, "f32"), ["array<vec4<f32>>", "w[i]"]);
  assertEquals(of(1, "f16"), ["array<f16>", "f32(w[i])"]);
  assertEquals(of(4, "f16"), ["array<vec4<f16>>", "vec4<f32>(w[i])"]);
  const { code } = layerNorm({ rows: 1, d: 4, epsilon: 1e-5, type: "f16" });
  assert(code.startsWith("enable f16;\n"), code);
  assert(
    !layerNorm({ rows: 1, d: 4, epsilon: 1e-5 }).code.includes("f16"),
    "adapters without it compile the rest",
  );
});

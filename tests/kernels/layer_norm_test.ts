// LayerNorm and its two gradients against the float64 reference.

import {
  AFFINE_CHUNK,
  layerNorm,
  layerNormAffineGradient,
  layerNormInputGradient,
} from "../../kernels/wgsl/layer_norm.ts";
import type { Gpu } from "../../src/device/webgpu/gpu.ts";
import { assertClose, data } from "../helpers/close.ts";
import { gpuTest } from "../helpers/gpu.ts";
import { runLaunch } from "../helpers/launch.ts";
import {
  layerNorm as reference,
  layerNormAdjoint,
  rowStatistics,
} from "../reference/layer_norm.ts";

const RELATIVE = 2e-6;

// Widths for both loads; rows beside the 32 of a chunk and the 64 of a workgroup.
const SHAPES = [
  { rows: 1, d: 1 },
  { rows: 1, d: 4 },
  { rows: 3, d: 7 },
  { rows: 31, d: 36 },
  { rows: 32, d: 5 },
  { rows: 33, d: 24 },
  { rows: 130, d: 17 },
  { rows: 65, d: 128 },
];

function arrays(rows: number, d: number, shift = 0) {
  const x = data(rows * d, 10).map((value) => Math.fround(value + shift));
  const [weight, bias] = [data(d, 11), data(d, 12)];
  const dy = data(rows * d, 13);
  const stats = new Float64Array(2 * rows);
  for (let r = 0; r < rows; r++) {
    const { mean, rstd } = rowStatistics(x, r * d, d, 1e-5);
    stats.set([mean, rstd], 2 * r);
  }
  return { x, weight, bias, affine: [...weight, ...bias], dy, stats };
}

async function forward(gpu: Gpu, rows: number, d: number, shift: number, relative: number) {
  const { x, weight, bias, affine, stats } = arrays(rows, d, shift);
  const found = await runLaunch(gpu, layerNorm({ rows, d }), {
    x,
    affine,
    y: rows * d,
    stats: 2 * rows,
  });
  const name = `(${rows}, ${d}) + ${shift}`;
  assertClose(`${name}: y`, found.y, reference(x, weight, bias), relative);
  const column = (values: ArrayLike<number>, at: number) =>
    Array.from({ length: rows }, (_, r) => values[2 * r + at]);
  assertClose(`${name}: mean`, column(found.stats, 0), column(stats, 0), relative);
  assertClose(`${name}: scale`, column(found.stats, 1), column(stats, 1), relative);
}

gpuTest("layer norm", async (gpu) => {
  for (const { rows, d } of SHAPES) await forward(gpu, rows, d, 0, RELATIVE);
});

gpuTest("layer norm of rows far from zero", async (gpu) => {
  // A sum of 64 values near 100 is off by some 1e-3 in float32, so the mean by some 1e-5; E[x^2] -
  // E[x]^2 would be off by 1e-3 and more.
  for (const { rows, d } of [{ rows: 5, d: 64 }, { rows: 5, d: 33 }]) {
    await forward(gpu, rows, d, 100, 5e-5);
  }
});

gpuTest("layer norm of constant rows: the epsilon is 1e-5", async (gpu) => {
  const [rows, d] = [2, 8];
  const found = await runLaunch(gpu, layerNorm({ rows, d }), {
    x: new Float32Array(rows * d).fill(3),
    affine: [...data(d, 14), ...data(d, 15)],
    y: rows * d,
    stats: 2 * rows,
  });
  const scale = 1 / Math.sqrt(1e-5);
  assertClose("y", found.y, [...data(d, 15), ...data(d, 15)], 1e-6);
  assertClose("stats", found.stats, [3, scale, 3, scale], 1e-6);
});

gpuTest("layer norm: the gradient of x, written and added", async (gpu) => {
  for (const { rows, d } of SHAPES) {
    const { x, weight, affine, dy, stats } = arrays(rows, d);
    const { dx } = layerNormAdjoint(x, weight, dy);
    const held = data(rows * d, 16);
    const name = `(${rows}, ${d})`;
    for (const accumulate of [false, true]) {
      const kernel = layerNormInputGradient({ rows, d, accumulate });
      const before = accumulate ? held : rows * d;
      const found = await runLaunch(gpu, kernel, { x, affine, stats, dy, dx: before });
      const wanted = dx.map((value, i) => accumulate ? value + held[i] : value);
      // A single element has no gradient: its normalised value is 0 whatever it is.
      if (d === 1 && !accumulate) {
        if (found.dx[0] !== 0) throw new Error(`${name}: ${found.dx[0]}`);
      } else assertClose(`${name}: dx`, found.dx, wanted, RELATIVE);
    }
  }
});

gpuTest("layer norm: the gradient of weight and bias, by chunks of rows", async (gpu) => {
  for (const { rows, d } of SHAPES) {
    const { x, weight, dy, stats } = arrays(rows, d);
    const chunks = Math.ceil(rows / AFFINE_CHUNK);
    const kernel = layerNormAffineGradient({ rows, d });
    const found = await runLaunch(gpu, kernel, { x, stats, dy, partial: chunks * 2 * d });
    const first = (r: number) => r * AFFINE_CHUNK * d;
    for (let c = 0; c < chunks; c++) {
      const part = (values: Float64Array) => values.slice(first(c), first(c + 1));
      const { dweight, dbias } = layerNormAdjoint(part(x), weight, part(dy));
      const at = 2 * c * d;
      const name = `(${rows}, ${d}), chunk ${c}`;
      assertClose(`${name}: dbias`, found.partial.slice(at + d, at + 2 * d), dbias, RELATIVE);
      if (d > 1) {
        assertClose(`${name}: dweight`, found.partial.slice(at, at + d), dweight, RELATIVE);
      }
    }
  }
});

// What brings time and class to the latents, what drops units and branches, and guidance.

import { gatherRows, gatherRowsGradient, joinLatents } from "../../kernels/wgsl/conditioning.ts";
import { guide } from "../../kernels/wgsl/diffusion.ts";
import { dropBranch, dropElements } from "../../kernels/wgsl/dropout.ts";
import { addRows } from "../../kernels/wgsl/elementwise.ts";
import { sumMiddle } from "../../kernels/wgsl/reduce.ts";
import { assertClose, assertSameBits, assertWithin, data } from "../helpers/close.ts";
import { gpuTest } from "../helpers/gpu.ts";
import { runLaunch } from "../helpers/launch.ts";
import { streamKeys, uniform } from "../reference/random.ts";

const f32 = (values: Iterable<number>) => Float32Array.from(values);

gpuTest("latents joined from shared rows and tokens, cold and previous", async (gpu) => {
  for (const [batch, m, d] of [[1, 2, 1], [3, 5, 7], [2, 4, 12]]) {
    for (const tokens of m > 2 ? [1, 2] as const : [1] as const) {
      for (const previous of [false, true]) {
        const start = data((m - tokens) * d, 60);
        const token = [data(batch * d, 61), data(batch * d, 62)];
        const before = data(batch * m * d, 63);
        const mask = [1, 0, 0.5].slice(0, batch);
        const found = await runLaunch(gpu, joinLatents({ batch, m, d, tokens, previous }), {
          start,
          token0: token[0],
          token1: token[1],
          previous: before,
          mask,
          y: batch * m * d,
        });
        const wanted = Float64Array.from({ length: batch * m * d }, (_, i) => {
          const [b, row, k] = [Math.floor(i / (m * d)), Math.floor(i / d) % m, i % d];
          const own = m - tokens;
          const z = row < own ? start[row * d + k] : token[row - own][b * d + k];
          return z + (previous ? mask[b] * before[i] : 0);
        });
        assertClose(`${batch} ${m} ${d} ${tokens} ${previous}`, found.y, wanted, 1e-6);
      }
    }
  }
});

gpuTest("rows gathered from a table, and its gradient", async (gpu) => {
  for (const [batch, n, d] of [[1, 1, 1], [5, 3, 7], [6, 4, 12], [70, 2, 5]]) {
    const rows = Uint32Array.from({ length: batch }, (_, i) => (i * i) % n);
    const table = data(n * d, 64);
    const { y } = await runLaunch(gpu, gatherRows({ batch, d }), { table, rows, y: batch * d });
    const wanted = Array.from(
      { length: batch * d },
      (_, i) => table[rows[Math.floor(i / d)] * d + i % d],
    );
    assertSameBits("gathered", y, f32(wanted));
    const dy = data(batch * d, 65);
    const { dtable } = await runLaunch(gpu, gatherRowsGradient({ batch, n, d }), {
      dy,
      rows,
      dtable: n * d,
    });
    const sums = new Float64Array(n * d);
    dy.forEach((value, i) => sums[rows[Math.floor(i / d)] * d + i % d] += value);
    assertWithin("gradient", dtable, sums, 1e-5);
  }
});

gpuTest("sums of a window of wider rows", async (gpu) => {
  const shapes = [[1, 3, 5, 9, 2], [4, 1, 4, 12, 8], [2, 7, 8, 20, 12], [3, 2, 3, 3, 0]];
  for (const [outer, middle, inner, stride, start] of shapes) {
    const x = data(outer * middle * stride, 66);
    const { y } = await runLaunch(gpu, sumMiddle({ outer, middle, inner, stride, start }), {
      x,
      y: outer * inner,
    });
    const sums = new Float64Array(outer * inner);
    x.forEach((value, i) => {
      const column = i % stride - start;
      if (column < 0 || column >= inner) return;
      sums[Math.floor(i / (middle * stride)) * inner + column] += value;
    });
    assertWithin(`${outer} ${middle} ${inner} ${stride} ${start}`, y, sums, 1e-5);
  }
});

gpuTest("a table and masked values added to every example", async (gpu) => {
  for (const [outer, inner] of [[3, 7], [2, 12]]) {
    const [x, table, previous] = [outer * inner, inner, outer * inner].map((n, i) =>
      data(n, 67 + i)
    );
    const mask = [0.5, 0, 1].slice(0, outer);
    const { y } = await runLaunch(gpu, addRows({ outer, inner, previous: true }), {
      ...{ x, table, previous, mask },
      y: outer * inner,
    });
    const wanted = x.map((v, i) =>
      v + table[i % inner] + mask[Math.floor(i / inner)] * previous[i]
    );
    assertClose("sum", y, wanted, 1e-6);
  }
});

const SEED = 11;
const keysOf = (batch: number) =>
  Uint32Array.from(Array.from({ length: batch }, (_, b) => streamKeys(SEED, b)).flat());

gpuTest("dropped units and branches are those of the reference's numbers", async (gpu) => {
  const rate = 0.3;
  const factor = (b: number, index: number) => uniform(SEED, b, index) < rate ? 0 : 1 / (1 - rate);
  for (const [batch, each, first] of [[1, 1, 0], [3, 35, 2], [2, 64, 1000]]) {
    const [x, residual] = [data(batch * each, 70), data(batch * each, 71)];
    const keys = keysOf(batch);
    const units = await runLaunch(gpu, dropElements({ batch, each, first, rate }), {
      x,
      keys,
      y: x.length,
    });
    const kept = x.map((v, i) => v * factor(Math.floor(i / each), first + i % each));
    assertWithin("units", units.y, kept, 1e-6);
    for (const added of [false, true]) {
      const shape = { batch, each, index: first, rate, residual: added };
      const { y } = await runLaunch(gpu, dropBranch(shape), {
        ...{ residual, branch: x, keys },
        y: x.length,
      });
      const wanted = x.map((v, i) =>
        (added ? residual[i] : 0) + v * factor(Math.floor(i / each), first)
      );
      assertWithin("branches", y, wanted, 1e-6);
    }
  }
});

gpuTest("dropping keeps the mean, and drops the share that it says", async (gpu) => {
  const [batch, each, rate] = [4, 5000, 0.1];
  const x = new Float32Array(batch * each).fill(1);
  const launch = dropElements({ batch, each, first: 7, rate });
  const { y } = await runLaunch(gpu, launch, { x, keys: keysOf(batch), y: x.length });
  const dropped = y.filter((value) => value === 0).length / y.length;
  assertWithin("share", [dropped], [rate], 4 * Math.sqrt(rate * (1 - rate) / y.length));
  assertWithin("mean", [y.reduce((a, b) => a + b, 0) / y.length], [1], 0.02);
});

gpuTest("guidance goes beyond the guided prediction", async (gpu) => {
  for (const size of [7, 12]) {
    const [guided, free] = [data(size, 72), data(size, 73)];
    const { y } = await runLaunch(gpu, guide({ size }), {
      ...{ guided, free },
      scale: [2.5, 0, 0, 0],
      y: size,
    });
    assertClose("guided", y, free.map((v, i) => v + 2.5 * (guided[i] - v)), 1e-6);
  }
});

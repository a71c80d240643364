// Elementwise kernels: sums of few float32 terms are compared bit for bit, or nearly so.

import {
  addInto,
  addRows,
  beginLatents,
  copy,
  maskRows,
  patches,
} from "../../kernels/wgsl/elementwise.ts";
import { assertSameBits, assertWithin, data } from "../helpers/close.ts";
import { gpuTest } from "../helpers/gpu.ts";
import { runLaunch } from "../helpers/launch.ts";
import { depatchify, patchify } from "../reference/patches.ts";

// One rounding of a sum of two normals; two such sums follow each other in beginLatents.
const ROUNDING = 5e-7;

// Odd, a multiple of 4, more than one workgroup of either.
const SIZES = [1, 7, 8, 67, 300];

gpuTest("add: y += x", async (gpu) => {
  for (const size of SIZES) {
    const [x, y] = [data(size, 40), data(size, 41)];
    const found = await runLaunch(gpu, addInto({ size }), { x, y });
    assertSameBits(`${size}`, found.y, Float32Array.from(x, (value, i) => value + y[i]));
  }
});

gpuTest("copy", async (gpu) => {
  for (const size of SIZES) {
    const x = data(size, 42);
    const found = await runLaunch(gpu, copy({ size }), { x, y: size });
    assertSameBits(`${size}`, found.y, Float32Array.from(x));
  }
});

gpuTest("add rows: a table added to each", async (gpu) => {
  for (const [outer, inner] of [[1, 1], [3, 7], [5, 36], [40, 9], [1, 64]]) {
    const [x, table] = [data(outer * inner, 43), data(inner, 44)];
    const found = await runLaunch(gpu, addRows({ outer, inner }), { x, table, y: x.length });
    const wanted = Float32Array.from(x, (value, i) => value + table[i % inner]);
    assertSameBits(`${outer} x ${inner}`, found.y, wanted);
  }
});

gpuTest("mask rows: an example times its mask", async (gpu) => {
  for (const [batch, each] of [[1, 1], [3, 7], [4, 12], [5, 130]]) {
    const x = data(batch * each, 45);
    const mask = Array.from({ length: batch }, (_, b) => (b + 1) % 2);
    const found = await runLaunch(gpu, maskRows({ batch, each }), { x, mask, y: x.length });
    const wanted = Float32Array.from(x, (value, i) => mask[Math.floor(i / each)] * value);
    assertSameBits(`${batch} x ${each}`, found.y, wanted);
  }
});

for (const previous of [false, true]) {
  gpuTest(`begin latents, ${previous ? "previous" : "cold"}`, async (gpu) => {
    for (const [batch, m, d] of [[1, 1, 1], [3, 5, 7], [4, 10, 12], [2, 3, 128]]) {
      const [start, time] = [data(m * d, 46), data(batch * d, 47)];
      const given = data(batch * m * d, 48);
      const mask = Array.from({ length: batch }, (_, b) => b % 2);
      const found = await runLaunch(gpu, beginLatents({ batch, m, d, previous }), {
        start,
        time,
        previous: given, // not bound when cold
        mask,
        y: batch * m * d,
      });
      const wanted = given.map((value, i) => {
        const b = Math.floor(i / (m * d));
        return start[i % (m * d)] + time[b * d + i % d] + (previous ? mask[b] * value : 0);
      });
      assertWithin(`${batch} x ${m} x ${d}`, found.y, wanted, ROUNDING);
    }
  });
}

/** Batch, (frames,) height, width; sides of a patch along the axes. */
const PATCHED: [batch: number, axes: number[], patch: number[]][] = [
  [1, [1, 1], [1, 1]],
  [2, [6, 6], [3, 3]],
  [3, [8, 8], [4, 4]],
  [2, [10, 10], [2, 2]],
  [1, [24, 24], [8, 8]],
  [2, [4, 6], [4, 3]],
  [2, [6, 4, 10], [3, 2, 5]],
  [1, [5, 3, 3], [1, 3, 3]],
  [3, [4, 8, 8], [4, 1, 2]],
];

gpuTest("patchify and depatchify, images and clips", async (gpu) => {
  for (const [batch, lengths, sides] of PATCHED) {
    const axes = lengths.map((length, axis) => ({ length, patch: sides[axis] }));
    const [across, down, time] = axes.toReversed();
    const size = batch * 3 * lengths.reduce((a, b) => a * b, 1);
    const shape = {
      batch,
      channels: 3,
      frames: time?.length,
      height: down.length,
      width: across.length,
      patchFrames: time?.patch,
      patch: [down.patch, across.patch],
    };
    const image = data(size, 49);
    const name = `${batch} of ${lengths} by ${sides}`;
    const run = (inverse: boolean) =>
      runLaunch(gpu, patches({ batch, axes, inverse }), { x: image, y: size });
    assertSameBits(name, (await run(false)).y, Float32Array.from(patchify(image, shape)));
    const joined = (await run(true)).y;
    assertSameBits(`${name}, inverse`, joined, Float32Array.from(depatchify(image, shape)));
  }
});

// Unfolding, pooling and rectifying against their references, at odd sizes.

import { pool, rectify, unfold } from "../../kernels/wgsl/convolution.ts";
import { outputSize, type Window } from "../../kernels/shapes.ts";
import { assertEquals } from "@std/assert";
import { assertSameBits, assertWithin, data } from "../helpers/close.ts";
import { gpuTest } from "../helpers/gpu.ts";
import { runLaunch } from "../helpers/launch.ts";
import { poolReference, unfoldReference } from "../reference/convolution.ts";

const WINDOWS: Window[] = [
  { batch: 1, height: 1, width: 1, channels: 1, kernel: [1, 1], stride: 1, padding: [0, 0] },
  { batch: 2, height: 7, width: 5, channels: 3, kernel: [3, 3], stride: 2, padding: [0, 0] },
  { batch: 3, height: 6, width: 9, channels: 5, kernel: [3, 3], stride: 1, padding: [1, 1] },
  { batch: 2, height: 5, width: 11, channels: 4, kernel: [1, 7], stride: 1, padding: [0, 3] },
  { batch: 1, height: 11, width: 5, channels: 7, kernel: [7, 1], stride: 1, padding: [3, 0] },
  { batch: 2, height: 8, width: 8, channels: 6, kernel: [5, 5], stride: 1, padding: [2, 2] },
];
const name = (w: Window) => `${w.height} x ${w.width} by ${w.kernel} stride ${w.stride}`;
const sizeOf = (w: Window) => w.batch * w.height * w.width * w.channels;

Deno.test("windows: the size of what they leave", () => {
  assertEquals(WINDOWS.map(outputSize), [[1, 1], [3, 2], [6, 9], [5, 11], [11, 5], [8, 8]]);
});

gpuTest("unfold", async (gpu) => {
  for (const window of WINDOWS) {
    const x = data(sizeOf(window), 60);
    const wanted = Float32Array.from(unfoldReference(x, window));
    const found = await runLaunch(gpu, unfold(window), { x, y: wanted.length });
    assertSameBits(name(window), found.y, wanted);
  }
});

for (const kind of ["max", "mean"] as const) {
  gpuTest(`${kind} pooling`, async (gpu) => {
    for (const window of WINDOWS) {
      const x = data(sizeOf(window), 61).map((value) => Math.fround(value - 3));
      const pooled = poolReference(x, window, kind);
      const { y } = await runLaunch(gpu, pool(window, kind), { x, y: pooled.length });
      assertWithin(name(window), y, pooled, kind === "max" ? 0 : 2e-6);
    }
  });
}

gpuTest("rectify, into columns of a wider matrix", async (gpu) => {
  for (const [rows, columns] of [[1, 1], [7, 5], [66, 12]]) {
    const x = data(rows * columns, 62);
    const [of, at] = [columns + 3, 1];
    const { y } = await runLaunch(gpu, rectify({ rows, columns }, { of, at }), { x, y: rows * of });
    const found = x.map((_, i) => y[Math.floor(i / columns) * of + at + i % columns]);
    assertWithin(`${rows} x ${columns}`, found, x.map((value) => Math.max(0, value)), 0);
    assertEquals(y.filter(Number.isNaN).length, rows * 3);
  }
});

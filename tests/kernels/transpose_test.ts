// Transposition, with its padding, against its definition.

import { transpose, transposedStride } from "../../kernels/transpose.ts";
import { assertEquals } from "@std/assert";
import { assertSameBits, data } from "../helpers/close.ts";
import { gpuTest } from "../helpers/gpu.ts";
import { runLaunch } from "../helpers/launch.ts";

Deno.test("rows of a transposed matrix are padded to a multiple of 4", () => {
  assertEquals([1, 4, 5, 130].map(transposedStride), [4, 4, 8, 132]);
});

gpuTest("transpose", async (gpu) => {
  for (const [rows, columns] of [[1, 1], [1, 8], [5, 4], [4, 5], [7, 12], [66, 34], [130, 36]]) {
    for (const origin of [0, 3, 8]) {
      const x = data(rows * columns, 30);
      const stride = transposedStride(rows);
      const wanted = Float32Array.from({ length: columns * stride }, (_, i) => {
        const [row, column] = [i % stride, Math.floor(i / stride)];
        return row < rows ? x[row * columns + column] : 0;
      });
      const held = [...Array(origin).fill(NaN), ...x, NaN, NaN, NaN, NaN];
      const found = await runLaunch(gpu, transpose({ rows, columns, origin }), {
        x: held,
        y: wanted.length,
      });
      assertSameBits(`(${rows}, ${columns}) from ${origin}`, found.y, wanted);
    }
  }
});

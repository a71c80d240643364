// The matrix product for GPUs, with every layout and epilogue, against the float64 reference.

import { assertThrows } from "@std/assert";
import type { EpilogueOptions } from "../../kernels/wgsl/epilogue.ts";
import { matmulTiled, type TiledOptions } from "../../kernels/wgsl/matmul_tiled.ts";
import type { Gpu } from "../../src/device/webgpu/gpu.ts";
import { assertClose, assertSameBits } from "../helpers/close.ts";
import { gpuTest } from "../helpers/gpu.ts";
import { type Content, runLaunch } from "../helpers/launch.ts";
import { expected, marked, operands, padded, RELATIVE, type Shape, SHAPES } from "./matmul_data.ts";

type Options = Omit<TiledOptions, "m" | "n" | "k">;

async function check(gpu: Gpu, options: Options, shape: Shape): Promise<void> {
  const [m, n, k] = shape;
  const from = operands(shape);
  const contents: Record<string, Content> = { ...from, sums: m };
  if (!options.accumulate) contents.out = m * n;
  if (!options.derivative) contents.pre = m * n;
  const found = await runLaunch(gpu, matmulTiled({ ...options, m, n, k }), contents);
  const wanted = expected(options, shape, from);
  const name = `${JSON.stringify(options)} at ${shape}:`;
  assertClose(`${name} out`, found.out, wanted.out, RELATIVE);
  if (options.activation) assertClose(`${name} pre`, found.pre, wanted.pre, RELATIVE);
  if (options.columnSums) assertClose(`${name} sums`, found.sums, wanted.sums, RELATIVE);
}

const EPILOGUES: readonly (EpilogueOptions & { bias?: boolean })[] = [
  { bias: true },
  { bias: true, residual: true },
  { bias: true, activation: "gelu" },
  { bias: true, activation: "silu", residual: true, accumulate: true },
  { accumulate: true },
  { derivative: "gelu" },
  { derivative: "silu", residual: true, accumulate: true },
];

for (const layout of ["nt", "nn", "tn"] as const) {
  gpuTest(`tiled matmul ${layout}: every shape`, async (gpu) => {
    for (const shape of SHAPES) await check(gpu, { layout }, shape);
  });

  gpuTest(`tiled matmul ${layout}: every epilogue`, async (gpu) => {
    // The shape ends in the middle of a tile in both directions.
    for (const epilogue of EPILOGUES) await check(gpu, { layout, ...epilogue }, [66, 69, 35]);
  });

  gpuTest(`tiled matmul ${layout}: operands that begin at an origin`, async (gpu) => {
    const shape: Shape = [10, 13, 7];
    const [m, n, k] = shape;
    const from = operands(shape);
    const columnSums = layout === "tn";
    const origins = { a: 7, b: 12, bias: 1, out: 3, sums: 5 };
    const launch = matmulTiled({ layout, bias: true, columnSums, origins, m, n, k });
    const found = await runLaunch(gpu, launch, {
      a: padded(from.a, origins.a),
      b: padded(from.b, origins.b),
      bias: padded(from.bias, origins.bias),
      out: marked(origins.out + m * n + 12),
      sums: marked(origins.sums + m + 12),
    });
    const wanted = expected({ layout, bias: true }, shape, from);
    for (const name of columnSums ? ["out", "sums"] as const : ["out"] as const) {
      const [values, at, length] = [found[name], origins[name], wanted[name].length];
      assertClose(name, values.subarray(at, at + length), wanted[name], RELATIVE);
      values.fill(77, at, at + length);
      assertSameBits(`${name}: around it`, values, marked(values.length));
    }
  });
}

gpuTest("tiled matmul: column sums", async (gpu) => {
  for (const shape of [[1, 1, 9], [66, 69, 35], [68, 132, 36], [130, 3, 64]] as const) {
    await check(gpu, { layout: "tn", columnSums: true }, shape);
    await check(gpu, { layout: "tn", columnSums: true, accumulate: true }, shape);
  }
});

gpuTest("tiled matmul: the same bits again", async (gpu) => {
  const [m, n, k] = [68, 76, 36];
  const { a, b } = operands([m, n, k]);
  const launch = matmulTiled({ layout: "nt", m, n, k });
  const run = () => runLaunch(gpu, launch, { a, b, out: m * n });
  assertSameBits("out", (await run()).out, (await run()).out);
});

Deno.test("tiled matmul: options and sizes that make no sense", () => {
  for (const layout of ["nt", "nn"] as const) {
    const make = () => matmulTiled({ layout, m: 1, n: 1, k: 1, columnSums: true });
    assertThrows(make, RangeError, "needs layout tn");
  }
  for (const size of [0, -1, 1.5, NaN]) {
    assertThrows(() => matmulTiled({ layout: "nt", m: size, n: 1, k: 1 }), RangeError);
    assertThrows(() => matmulTiled({ layout: "nt", m: 1, n: size, k: 1 }), RangeError);
  }
});

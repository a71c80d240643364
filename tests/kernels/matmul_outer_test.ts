// The matrix product for software adapters against the float64 twin.

import { assert, assertThrows } from "@std/assert";
import { matmulOuter, type OuterOptions } from "../../kernels/matmul_outer.ts";
import type { Gpu } from "../../src/gpu/device.ts";
import { persistent, Plan } from "../../src/gpu/plan.ts";
import { Program } from "../../src/gpu/program.ts";
import { assertClose, assertSameBits } from "../helpers/close.ts";
import { gpuTest } from "../helpers/gpu.ts";
import { runLaunch } from "../helpers/launch.ts";
import {
  expected,
  gapped,
  marked,
  operands,
  padded,
  RELATIVE,
  type Shape,
  SHAPES,
} from "./matmul_data.ts";

const layout = "tn";

async function check(
  gpu: Gpu,
  options: Pick<OuterOptions, "bias"> & { strides?: OuterOptions["strides"] },
  shape: Shape,
): Promise<void> {
  const [m, n, k] = shape;
  const { strides = { a: m, b: n } } = options;
  const from = operands(shape);
  const found = await runLaunch(gpu, matmulOuter({ ...options, strides, m, n, k }), {
    a: gapped(from.a, m, strides.a),
    b: gapped(from.b, n, strides.b),
    bias: from.bias,
    // Room behind the results shows what is stored beyond them.
    out: marked(m * n + 16 * n),
  });
  const wanted = expected({ layout, bias: options.bias }, shape, from);
  const what = `${JSON.stringify(options)} at ${shape}`;
  const { length } = wanted.out;
  assertClose(what, found.out.subarray(0, length), wanted.out, RELATIVE);
  const behind = found.out.slice(length);
  assertSameBits(`${what}, behind it`, behind, marked(behind.length));
}

gpuTest("outer matmul: every shape", async (gpu) => {
  for (const shape of SHAPES) await check(gpu, {}, shape);
});

gpuTest("outer matmul: bias, and what is bound in its place", async (gpu) => {
  for (const shape of [[1, 1, 9], [66, 69, 35], [68, 76, 36], [130, 3, 64]] as const) {
    await check(gpu, { bias: true }, shape);
    await check(gpu, { bias: false }, shape);
  }
});

gpuTest("outer matmul: a product of one row takes no memory each time it is run", async (gpu) => {
  // A driver that puts uniforms' values into the kernel and keeps each one takes 200 KiB a time.
  const [m, n, k] = [1, 128, 1];
  const plan = new Plan(gpu.kind);
  const tensors = [4, n * k, n, m * n].map((size, i) => persistent(`operand ${i}`, [size]));
  plan.dispatch(matmulOuter({ m, n, k, bias: true, strides: { a: 4, b: n } }), tensors);
  const program = await Program.compile(gpu, plan);
  const run = async (times: number) => {
    for (let i = 0; i < times; i++) program.run();
    await gpu.idle();
    return Deno.memoryUsage().rss;
  };
  const before = await run(20);
  const growth = (await run(300) - before) / 2 ** 20;
  program.destroy();
  gpu.release(...tensors.map(({ storage }) => storage!));
  assert(growth < 15, `${growth} MiB in 300 runs`);
});

gpuTest("outer matmul: operands with gaps between their rows", async (gpu) => {
  // The rows of the result end within a vector of a; n is a multiple of 4, so vectors are loaded.
  for (const shape of [[9, 16, 6], [10, 12, 7], [11, 20, 5]] as const) {
    const [m, n] = shape;
    const strides = { a: 12, b: n + 4 };
    await check(gpu, { strides, bias: true }, shape);
    // And scalars.
    await check(gpu, { strides: { a: m + 2, b: n + 1 }, bias: true }, shape);
  }
});

gpuTest("outer matmul: enough large tiles", async (gpu) => {
  // 16 x 16 a tile, 9 x 8 tiles; the last of either axis is ragged.
  const [m, n, k]: Shape = [130, 116, 5];
  const options = { bias: true };
  await check(gpu, { ...options, strides: { a: 132, b: n } }, [m, n, k]);
  await check(gpu, options, [m, n + 1, k]);
  const strides = { a: m, b: n };
  const large = matmulOuter({ m, n, k, strides }).code;
  const small = matmulOuter({ m: 16, n, k, strides }).code;
  assert(large.length > 1.5 * small.length, "the shapes above should have had the larger tile");
});

gpuTest("outer matmul: operands that begin at an origin", async (gpu) => {
  const shape: Shape = [12, 16, 8];
  const [m, n, k] = shape;
  const from = operands(shape);
  const wanted = expected({ layout, bias: true }, shape, from);
  // By fours everything is loaded and stored as vectors; with any other, nothing.
  const fours = { a: 4, b: 8, bias: 4, out: 8 };
  for (const odd of [{}, { a: 7 }, { b: 2 }, { bias: 1 }, { out: 3 }]) {
    const origins = { ...fours, ...odd };
    const options = { bias: true, strides: { a: m, b: n }, origins };
    const found = await runLaunch(gpu, matmulOuter({ ...options, m, n, k }), {
      a: padded(from.a, origins.a),
      b: padded(from.b, origins.b),
      bias: padded(from.bias, origins.bias),
      out: marked(origins.out + m * n + 12),
    });
    const [values, at, length] = [found.out, origins.out, wanted.out.length];
    assertClose("out", values.subarray(at, at + length), wanted.out, RELATIVE);
    values.fill(77, at, at + length);
    assertSameBits("around it", values, marked(values.length));
  }
});

gpuTest("outer matmul: the same bits again", async (gpu) => {
  const [m, n, k] = [68, 76, 36];
  const { a, b } = operands([m, n, k]);
  const launch = matmulOuter({ m, n, k, strides: { a: m, b: n } });
  const run = () => runLaunch(gpu, launch, { a, b, bias: a, out: m * n });
  assertSameBits("out", (await run()).out, (await run()).out);
});

Deno.test("outer matmul: sizes that make no sense", () => {
  for (const size of [0, -1, 1.5, NaN]) {
    const strides = { a: 4, b: 4 };
    assertThrows(() => matmulOuter({ m: size, n: 4, k: 4, strides }), RangeError);
    assertThrows(() => matmulOuter({ m: 4, n: size, k: 4, strides }), RangeError);
  }
});

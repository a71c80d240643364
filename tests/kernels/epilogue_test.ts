// What follows a matrix product, as a kernel of its own.

import { assertEquals } from "@std/assert";
import type { Activation } from "../../kernels/activation.ts";
import { epilogue, type EpilogueOptions, hasEpilogue } from "../../kernels/epilogue.ts";
import { assertClose, assertSameBits, data } from "../helpers/close.ts";
import { gpuTest } from "../helpers/gpu.ts";
import { runLaunch } from "../helpers/launch.ts";
import { activation, activationDerivative } from "../twins/activation.ts";
import { afterwards, operands } from "./matmul_data.ts";

const EPILOGUES: readonly EpilogueOptions[] = [
  { activation: "gelu" },
  { activation: "silu", residual: true },
  { derivative: "gelu" },
  { derivative: "silu", accumulate: true },
  { residual: true },
  { residual: true, accumulate: true },
  { accumulate: true },
];

Deno.test("an epilogue is there when anything is to be done", () => {
  assertEquals(hasEpilogue({}), false);
  assertEquals(hasEpilogue({ residual: false, accumulate: false }), false);
  for (const options of EPILOGUES) assertEquals(hasEpilogue(options), true);
});

gpuTest("every epilogue, at an origin", async (gpu) => {
  for (const options of EPILOGUES) {
    for (const [size, origin] of [[1, 0], [67, 0], [68, 4], [68, 5], [300, 0]]) {
      const from = operands([size, 1, 1]);
      const product = data(size, 7);
      const marks = (count: number) => Array(count).fill(77);
      const before = options.accumulate ? from.out : new Float64Array(size).fill(NaN);
      const found = await runLaunch(gpu, epilogue({ ...options, size, origin }), {
        product,
        residual: from.residual,
        pre: from.pre,
        out: [...marks(origin), ...before, ...marks(4)],
      });
      const name = `${JSON.stringify(options)}, ${size} at ${origin}`;
      const end = origin + size;
      const wanted = afterwards(options, product, from);
      assertClose(name, found.out.subarray(origin, end), wanted, 1e-6);
      const around = [...found.out.subarray(0, origin), ...found.out.subarray(end)];
      assertSameBits(name, Float32Array.from(around), Float32Array.from(marks(origin + 4)));
    }
  }
});

gpuTest("both activations and their derivatives over the whole range", async (gpu) => {
  // Far out the exponentials over- and underflow.
  const x = Float64Array.from({ length: 2000 }, (_, i) => Math.fround((i - 1000) / 8));
  // Point by point relative to max(1, |x|): float32 keeps no more where 1 + erf(x) cancels.
  const scaled = (values: ArrayLike<number>) =>
    Array.from(values, (value, i) => value / Math.max(1, Math.abs(x[i])));
  for (const size of [2000, 1999]) {
    const part = x.subarray(0, size);
    for (const name of ["gelu", "silu"] satisfies Activation[]) {
      const forward = await runLaunch(gpu, epilogue({ activation: name, size, origin: 0 }), {
        product: part,
        out: size,
      });
      const y = part.map((v) => activation(name, v));
      assertClose(name, scaled(forward.out), scaled(y), 1e-6);
      const backward = await runLaunch(gpu, epilogue({ derivative: name, size, origin: 0 }), {
        product: new Float32Array(size).fill(1),
        pre: part,
        out: size,
      });
      const dy = part.map((v) => activationDerivative(name, v));
      assertClose(`${name}'`, backward.out, dy, 1e-6);
    }
  }
});

gpuTest("GELU is the exact one, not its tanh approximation", async (gpu) => {
  // They differ most near 2.7: by 4.7e-4.
  const x = data(200, 8).map((value) => Math.fround(2.7 + 0.1 * value));
  const launch = epilogue({ activation: "gelu", size: 200, origin: 0 });
  const { out } = await runLaunch(gpu, launch, { product: x, out: 200 });
  assertClose("gelu", out, x.map((v) => activation("gelu", v)), 5e-7);
});

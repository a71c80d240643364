// Activations where a product ends, over their whole range. The product is x times 1.

import type { Device } from "../../src/device/device.ts";
import type { Activation } from "../../src/graph/ops.ts";
import { assertClose, data } from "../helpers/close.ts";
import { deviceTest } from "../helpers/devices.ts";
import { runOperation } from "../helpers/operation.ts";
import { activation, activationDerivative } from "../reference/activation.ts";

/** The activation of each x. */
async function forward(device: Device, name: Activation, x: Float64Array): Promise<Float32Array> {
  const sizes = { layout: "nt", m: x.length, n: 1, k: 1, activation: name } as const;
  const contents = { a: x, b: [1], out: x.length, pre: x.length };
  return (await runOperation(device, "matmul", sizes, contents)).out;
}

deviceTest("both activations and their derivatives over the whole range", async (device) => {
  // Far out the exponentials over- and underflow.
  const x = Float64Array.from({ length: 1999 }, (_, i) => Math.fround((i - 1000) / 8));
  // Point by point relative to max(1, |x|): float32 keeps no more where 1 + erf(x) cancels.
  const scaled = (values: ArrayLike<number>) =>
    Array.from(values, (value, i) => value / Math.max(1, Math.abs(x[i])));
  for (const name of ["gelu", "silu"] satisfies Activation[]) {
    const found = await forward(device, name, x);
    assertClose(name, scaled(found), scaled(x.map((v) => activation(name, v))), 1e-6);
    const sizes = { layout: "nn", m: x.length, n: 1, k: 1, derivative: name } as const;
    const ones = new Float32Array(x.length).fill(1);
    const contents = { a: ones, b: [1], pre: x, out: x.length };
    const { out } = await runOperation(device, "matmul", sizes, contents);
    assertClose(`${name}'`, out, x.map((v) => activationDerivative(name, v)), 1e-6);
  }
});

deviceTest("GELU is the exact one, not its tanh approximation", async (device) => {
  // They differ most near 2.7: by 4.7e-4.
  const x = data(200, 8).map((value) => Math.fround(2.7 + 0.1 * value));
  const found = await forward(device, "gelu", x);
  assertClose("gelu", found, x.map((v) => activation("gelu", v)), 5e-7);
});

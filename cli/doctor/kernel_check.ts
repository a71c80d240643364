/**
 * A matrix product on a device, checked against the host.
 *
 * @module
 */
import type { Device } from "../../src/device/device.ts";
import { Plan } from "../../src/graph/plan.ts";
import { persistent } from "../../src/graph/tensor.ts";
import { linear } from "../../src/nn/linear.ts";
import { copyTo } from "../../src/nn/tokens.ts";

/** Result of the check. */
export interface KernelCheck {
  readonly correct: boolean;
  /** Largest difference from the host's result; elements are about 1 in size. */
  readonly worst: number;
  readonly gigaflops: number;
}

// Sizes that no tile divides, in rows that can be loaded four floats at a time.
const [M, N, K] = [517, 260, 132];
const REPEATS = 10;

/** Multiplies two matrices on the device and compares every element. */
export async function tryKernel(device: Device): Promise<KernelCheck> {
  const tensors = {
    x: persistent("x", [M, K]),
    weight: persistent("weight", [N, K]),
    bias: persistent("bias", [N]),
    y: persistent("y", [M, N]),
  };
  const { x, weight, bias, y } = tensors;
  const plan = new Plan();
  copyTo(plan, linear(plan, x, { weight, bias }), y);
  const program = await device.compile(plan);
  const a = Float32Array.from({ length: M * K }, (_, i) => Math.sin(i) / 8);
  const b = Float32Array.from({ length: N * K }, (_, i) => Math.cos(3 * i));
  device.write(x, a);
  device.write(weight, b);
  device.write(bias, new Float32Array(N));
  program.run();
  const found = await device.read(y);
  const start = performance.now();
  for (let i = 0; i < REPEATS; i++) program.run();
  await device.idle();
  const seconds = (performance.now() - start) / 1000;
  program.destroy();
  device.release(...Object.values(tensors).map(({ storage }) => storage!));
  const worst = largestError(a, b, found);
  return { correct: worst < 1e-4, worst, gigaflops: REPEATS * 2 * M * N * K / seconds / 1e9 };
}

function largestError(a: Float32Array, b: Float32Array, found: Float32Array): number {
  let worst = 0;
  for (let row = 0; row < M; row++) {
    for (let column = 0; column < N; column++) {
      let sum = 0;
      for (let k = 0; k < K; k++) sum += a[row * K + k] * b[column * K + k];
      const error = Math.abs(found[row * N + column] - sum);
      // A result that is no number is as wrong as can be.
      worst = error >= 0 ? Math.max(worst, error) : Infinity;
    }
  }
  return worst;
}

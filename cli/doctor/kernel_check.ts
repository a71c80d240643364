/**
 * A matrix product on the GPU, checked against the CPU.
 *
 * @module
 */
import type { Gpu } from "../../src/gpu/device.ts";
import { persistent, Plan } from "../../src/gpu/plan.ts";
import { Program } from "../../src/gpu/program.ts";
import { linear } from "../../src/nn/linear.ts";
import { keep } from "../../src/nn/tokens.ts";

/** What came out. */
export interface KernelCheck {
  readonly correct: boolean;
  /** Largest difference from the CPU's result; elements are about 1 in size. */
  readonly worst: number;
  readonly gigaflops: number;
}

// Sizes that no tile divides, in rows that can be loaded four floats at a time.
const [M, N, K] = [517, 260, 132];
const REPEATS = 10;

/** Multiplies two matrices on the GPU and compares every element. */
export async function tryKernel(gpu: Gpu): Promise<KernelCheck> {
  const tensors = {
    x: persistent("x", [M, K]),
    weight: persistent("weight", [N, K]),
    bias: persistent("bias", [N]),
    y: persistent("y", [M, N]),
  };
  const { x, weight, bias, y } = tensors;
  const plan = new Plan(gpu.kind);
  keep(plan, linear(plan, x, { weight, bias }), y);
  const program = await Program.compile(gpu, plan);
  const a = Float32Array.from({ length: M * K }, (_, i) => Math.sin(i) / 8);
  const b = Float32Array.from({ length: N * K }, (_, i) => Math.cos(3 * i));
  gpu.write(x, a);
  gpu.write(weight, b);
  gpu.write(bias, new Float32Array(N));
  program.run();
  const found = await gpu.read(y);
  const start = performance.now();
  for (let i = 0; i < REPEATS; i++) program.run();
  await gpu.idle();
  const seconds = (performance.now() - start) / 1000;
  program.destroy();
  gpu.release(...Object.values(tensors).map(({ storage }) => storage!));
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

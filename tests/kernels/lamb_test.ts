// LAMB's three kernels against its float64 reference.

import { lambChunks, type LambTensor } from "../../src/train/lamb_chunks.ts";
import { assertEquals } from "@std/assert";
import { lambStep, lambUpdate, trustRatio } from "../../kernels/wgsl/lamb.ts";
import { OPTIMIZER_SCALARS } from "../../kernels/shapes.ts";
import type { Gpu } from "../../src/device/webgpu/gpu.ts";
import { assertClose, assertSameBits, data } from "../helpers/close.ts";
import { gpuTest } from "../helpers/gpu.ts";
import { runLaunch } from "../helpers/launch.ts";
import { emaUpdate, lambStep as lambReference } from "../reference/optim.ts";

const TENSORS: LambTensor[] = [
  { offset: 0, size: 9001, adapted: true },
  // Side by side, as the projections of keys and values are.
  { offset: 9024, size: 77, adapted: true },
  { offset: 9101, size: 13, adapted: true },
  { offset: 9152, size: 4097, adapted: false },
  { offset: 13312, size: 20, adapted: true },
];
const SIZE = 13376;
const ZERO = TENSORS.length - 1;

type Slabs = Record<"parameters" | "first" | "second" | "average", ArrayLike<number>>;

async function update(
  gpu: Gpu,
  slabs: Slabs,
  gradients: ArrayLike<number>,
  verdict: number[],
  scalars: Record<typeof OPTIMIZER_SCALARS[number], number>,
): Promise<Slabs> {
  const chunks = lambChunks(TENSORS);
  const count = chunks.length / 4;
  const packed = [...OPTIMIZER_SCALARS.map((name) => scalars[name]), 0, 0];
  const shared = { chunks, verdict, scalars: packed };
  const { parameters, first, second, average } = slabs;
  const stepped = await runLaunch(gpu, lambStep({ chunks: count }), {
    ...shared,
    parameters,
    gradients,
    first,
    second,
    norms: 2 * count,
  });
  const { ratios } = await runLaunch(gpu, trustRatio({ chunks: count }), {
    norms: stepped.norms,
    chunks,
    ratios: count,
  });
  const updated = await runLaunch(gpu, lambUpdate({ chunks: count }), {
    ...shared,
    parameters,
    u: stepped.gradients,
    average,
    ratios,
  });
  return {
    first: stepped.first,
    second: stepped.second,
    parameters: updated.parameters,
    average: updated.average,
  };
}

const scalarsOf = (step: number) => ({
  lr: 0.01 * step,
  beta1: 0.9,
  beta2: 0.95,
  epsilon: 1e-3,
  weightDecay: 0.1,
  correction1: 1 - 0.9 ** step,
  correction2: Math.sqrt(1 - 0.95 ** step),
  emaDecay: 0.8,
  clip: 1,
  slot: 0,
});

gpuTest("three steps of LAMB, tensor by tensor, gradients clipped", async (gpu) => {
  const inside = new Set(
    TENSORS.flatMap(({ offset, size }) => Array.from({ length: size }, (_, i) => offset + i)),
  );
  // Outside of the tensors lies what must not be touched, and must not count in a norm.
  const wanted = {
    parameters: data(SIZE, 72, 0.3).map((value, i) => inside.has(i) ? value : 1e3),
    first: new Float64Array(SIZE),
    second: new Float64Array(SIZE),
    average: data(SIZE, 73),
  };
  wanted.parameters.fill(0, TENSORS[ZERO].offset, TENSORS[ZERO].offset + TENSORS[ZERO].size);
  let held: Slabs = { ...wanted };
  for (let step = 1; step <= 3; step++) {
    const gradients = data(SIZE, 73 + step);
    const factor = [1, 0.25, 0.5][step - 1];
    const scalars = scalarsOf(step);
    const found = await update(gpu, held, gradients, [factor, 1, 0, 0], scalars);
    held = found;
    for (const { offset, size, adapted } of TENSORS) {
      const part = (values: Float64Array) => values.subarray(offset, offset + size);
      lambReference(
        part(wanted.parameters),
        part(gradients.map((g) => g * factor)),
        part(wanted.first),
        part(wanted.second),
        { lr: scalars.lr, beta1: 0.9, beta2: 0.95, eps: 1e-3, weightDecay: 0.1, step, adapted },
      );
      emaUpdate(part(wanted.average), part(wanted.parameters), scalars.emaDecay);
    }
    for (const name of ["parameters", "first", "second", "average"] as const) {
      for (const { offset, size } of TENSORS) {
        const part = (values: ArrayLike<number>) => Array.from(values).slice(offset, offset + size);
        assertClose(
          `step ${step}: ${name} at ${offset}`,
          part(found[name]),
          part(wanted[name]),
          2e-6,
        );
      }
      const outside = (values: ArrayLike<number>) =>
        Float32Array.from(Array.from(values).filter((_, i) => !inside.has(i)));
      assertSameBits(
        `step ${step}: ${name}'s padding`,
        outside(found[name]),
        outside(wanted[name]),
      );
    }
  }
});

gpuTest("a LAMB step that was not finite changes nothing", async (gpu) => {
  const slabs = {
    parameters: data(SIZE, 78),
    first: data(SIZE, 79),
    second: data(SIZE, 80),
    average: data(SIZE, 81),
  };
  const gradients = new Float64Array(SIZE).fill(NaN);
  const found = await update(gpu, slabs, gradients, [NaN, 0, NaN, NaN], scalarsOf(1));
  for (const name of ["parameters", "first", "second", "average"] as const) {
    assertSameBits(name, found[name] as Float32Array, Float32Array.from(slabs[name]));
  }
});

Deno.test("chunks cover every tensor once, none reaches into the next", () => {
  const chunks = lambChunks(TENSORS);
  const rows = Array.from(
    { length: chunks.length / 4 },
    (_, i) => [...chunks.slice(4 * i, 4 * i + 4)],
  );
  assertEquals(rows.map(([, , first]) => first), [0, 0, 0, 3, 4, 5, 5, 7]);
  for (const [index, { offset, size, adapted }] of TENSORS.entries()) {
    const first = [0, 3, 4, 5, 7][index];
    let at = offset;
    for (const [start, count, , flag] of rows.filter((row) => row[2] === first)) {
      assertEquals([start, flag], [at, adapted ? 1 : 0]);
      at += count;
    }
    assertEquals(at, offset + size);
  }
});

// The end of a training step against the float64 references of AdamW, clipping and the moving average.

import { assertEquals } from "@std/assert";
import { adamW, judgeStep } from "../../kernels/wgsl/optimizer.ts";
import { HISTORY, OPTIMIZER_SCALARS } from "../../kernels/shapes.ts";
import { PARTIALS } from "../../kernels/shapes.ts";
import type { Gpu } from "../../src/device/webgpu/gpu.ts";
import { assertClose, assertSameBits, assertWithin, data } from "../helpers/close.ts";
import { gpuTest } from "../helpers/gpu.ts";
import { runLaunch } from "../helpers/launch.ts";
import { adamwStep, clipCoefficient, emaUpdate } from "../reference/optim.ts";

type Scalars = Record<typeof OPTIMIZER_SCALARS[number], number>;

const base: Scalars = {
  lr: 1e-2,
  beta1: 0.9,
  beta2: 0.95,
  epsilon: 1e-8,
  weightDecay: 0.1,
  correction1: 1,
  correction2: 1,
  emaDecay: 0.8,
  clip: 1,
  slot: 0,
};

const pack = (scalars: Scalars) => [...OPTIMIZER_SCALARS.map((name) => scalars[name]), 0, 0];

interface Judged {
  verdict: Float32Array<ArrayBuffer>;
  history: Float32Array<ArrayBuffer>;
}

/** Judges a step whose squares are spread over all partial sums. */
async function judge(
  gpu: Gpu,
  { loss, gradient, clip, slot }: {
    loss: Float64Array;
    gradient: Float64Array;
    clip: number;
    slot: number;
  },
): Promise<Judged> {
  const partial = (squares: Float64Array) =>
    Float64Array.from({ length: 2 * PARTIALS }, (_, i) => i % 2 ? squares[i >> 1] : -5);
  const found = await runLaunch(gpu, judgeStep({ size: 100 }), {
    lossPartial: partial(loss),
    partial: partial(gradient),
    scalars: pack({ ...base, clip, slot }),
    verdict: 4,
    history: new Float32Array(4 * HISTORY).fill(77),
  });
  return { verdict: found.verdict, history: found.history };
}

const squares = (stream: number, scale: number) =>
  data(PARTIALS, stream).map((value) => Math.fround(scale * value ** 2));
const total = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0);

gpuTest(
  "the verdict on a step: loss, norm, clip factor, and its place in the history",
  async (gpu) => {
    for (const { clip, slot } of [{ clip: 1, slot: 0 }, { clip: 1000, slot: HISTORY - 1 }]) {
      const [loss, gradient] = [squares(70, 0.3), squares(71, 0.01)];
      const { verdict, history } = await judge(gpu, { loss, gradient, clip, slot });
      const norm = Math.sqrt(total(gradient));
      const wanted = [clipCoefficient(norm, clip), 1, total(loss) / 100, norm];
      verdict.forEach((value, i) => assertWithin(`${i}`, [value], [wanted[i]], 1e-5 * wanted[i]));
      const at = 4 * slot;
      assertSameBits("history", history.slice(at, at + 4), verdict);
      history.fill(77, at, at + 4);
      assertSameBits("the rest", history, new Float32Array(4 * HISTORY).fill(77));
    }
  },
);

gpuTest("a loss or gradient that is not finite, wherever it lies, is seen", async (gpu) => {
  const good = () => ({ loss: squares(70, 1), gradient: squares(71, 1), clip: 1, slot: 5 });
  assertEquals((await judge(gpu, good())).verdict[1], 1);
  for (const which of ["loss", "gradient"] as const) {
    for (const bad of [NaN, Infinity, -Infinity]) {
      for (const at of [0, 517, PARTIALS - 1]) {
        const step = good();
        step[which][at] = bad;
        const { verdict, history } = await judge(gpu, step);
        assertEquals([verdict[1], history[21]], [0, 0], `${bad} in ${which}[${at}]`);
      }
    }
  }
});

gpuTest("the largest finite sums are finite, an overflow is not", async (gpu) => {
  const sum = async (value: number, times: number) => {
    const gradient = new Float64Array(PARTIALS).fill(value, 0, times);
    return (await judge(gpu, { loss: squares(70, 1), gradient, clip: 1, slot: 0 })).verdict[1];
  };
  assertEquals(await sum(3e38, 1), 1);
  assertEquals(await sum(3e38, 2), 0);
});

interface Slabs {
  parameters: Float64Array;
  first: Float64Array;
  second: Float64Array;
  average: Float64Array;
}

async function update(
  gpu: Gpu,
  slabs: Record<keyof Slabs, ArrayLike<number>>,
  gradients: ArrayLike<number>,
  verdict: number[],
  scalars: Scalars,
  decayed: number,
) {
  const launch = adamW({ size: slabs.parameters.length, decayed });
  return await runLaunch(gpu, launch, { ...slabs, gradients, verdict, scalars: pack(scalars) });
}

gpuTest("three steps of AdamW, part of the parameters decayed, gradients clipped", async (gpu) => {
  for (const { size, decayed } of [{ size: 64, decayed: 24 }, { size: 320, decayed: 320 }]) {
    const wanted: Slabs = {
      parameters: data(size, 72),
      first: new Float64Array(size),
      second: new Float64Array(size),
      average: data(size, 73),
    };
    let held: Record<keyof Slabs, ArrayLike<number>> = { ...wanted };
    for (let step = 1; step <= 3; step++) {
      const gradients = data(size, 73 + step);
      const factor = [1, 0.25, 0.5][step - 1];
      const scalars = {
        ...base,
        lr: 0.01 * step,
        correction1: 1 - base.beta1 ** step,
        correction2: Math.sqrt(1 - base.beta2 ** step),
      };
      const found = await update(gpu, held, gradients, [factor, 1, 0, 0], scalars, decayed);
      held = found as unknown as typeof held;
      for (const [from, to, weightDecay] of [[0, decayed, 0.1], [decayed, size, 0]]) {
        const part = (values: Float64Array) => values.subarray(from, to);
        adamwStep(
          part(wanted.parameters),
          part(gradients.map((g) => g * factor)),
          part(wanted.first),
          part(wanted.second),
          { lr: scalars.lr, beta1: 0.9, beta2: 0.95, eps: 1e-8, weightDecay, step },
        );
      }
      emaUpdate(wanted.average, wanted.parameters, scalars.emaDecay);
      for (const [name, values] of Object.entries(wanted)) {
        assertClose(`step ${step}: ${name}`, found[name], values, 1e-6);
      }
    }
  }
});

gpuTest("AdamW's epsilon is added after the root", async (gpu) => {
  const size = 64;
  const zero = new Float64Array(size);
  const scalars = { ...base, epsilon: 0.5, correction1: 0.1, correction2: Math.sqrt(0.05) };
  const slabs = { parameters: zero, first: zero, second: zero, average: zero };
  const gradients = data(size, 77);
  const { parameters } = await update(gpu, slabs, gradients, [1, 1, 0, 0], scalars, 0);
  const wanted = new Float64Array(size);
  adamwStep(wanted, gradients, new Float64Array(size), new Float64Array(size), {
    lr: 0.01,
    beta1: 0.9,
    beta2: 0.95,
    eps: 0.5,
    weightDecay: 0,
    step: 1,
  });
  assertClose("parameters", parameters, wanted, 1e-6);
});

gpuTest("a step that was not finite changes nothing", async (gpu) => {
  const size = 64;
  const slabs = {
    parameters: data(size, 78),
    first: data(size, 79),
    second: data(size, 80),
    average: data(size, 81),
  };
  const gradients = new Float64Array(size).fill(NaN);
  const found = await update(gpu, slabs, gradients, [NaN, 0, NaN, NaN], base, 32);
  for (const [name, values] of Object.entries(slabs)) {
    assertSameBits(name, found[name], Float32Array.from(values));
  }
});

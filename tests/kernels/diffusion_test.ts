// Noising, the loss and a sampler's step against their float64 references.

import {
  addNoise,
  addOffsets,
  placeImage,
  samplerStep,
  slerp,
  squaredError,
  x0Thresholds,
} from "../../kernels/wgsl/diffusion.ts";
import { SAMPLER_SCALARS } from "../../kernels/shapes.ts";
import { PARTIALS } from "../../kernels/shapes.ts";
import { noisingCoefficients } from "../../src/diffusion/prediction.ts";
import { assertClose, assertWithin, data } from "../helpers/close.ts";
import { gpuTest } from "../helpers/gpu.ts";
import { runLaunch } from "../helpers/launch.ts";
import { addNoise as noiseReference, meanSquaredError, target } from "../reference/diffusion.ts";
import { thresholds as thresholdsReference } from "../reference/samplers.ts";

gpuTest("add noise: x_t and the target of each prediction", async (gpu) => {
  for (const [batch, each] of [[1, 1], [3, 7], [4, 48], [2, 300]]) {
    const [x0, noise] = [data(batch * each, 60), data(batch * each, 61)];
    const gammas = Float64Array.from({ length: batch }, (_, b) => (b + 0.5) / batch);
    for (const prediction of ["eps", "x0", "v"] as const) {
      const meaning = { prediction, inputScale: 1, normalizeInput: false };
      const found = await runLaunch(gpu, addNoise({ batch, each }), {
        x0,
        noise,
        coefficients: noisingCoefficients(meaning, [...gammas]),
        xt: x0.length,
        goal: x0.length,
      });
      const name = `${prediction}, ${batch} of ${each}`;
      assertClose(`${name}: x_t`, found.xt, noiseReference(x0, noise, gammas), 5e-7);
      assertClose(`${name}: goal`, found.goal, target(prediction, x0, noise, gammas), 5e-7);
    }
  }
});

gpuTest("squared error: its gradient and its partial sums, weighted by example", async (gpu) => {
  for (const [batch, each, whole] of [[1, 1, 1], [7, 1, 7], [4, 256, 4], [3, 777, 12]]) {
    const size = batch * each;
    const [prediction, goal] = [data(size, 62), data(size, 63)];
    const lossWeight = data(batch, 64).map((value) => Math.fround(value ** 2 + 0.1));
    const found = await runLaunch(gpu, squaredError({ batch, each, whole }), {
      prediction,
      goal,
      lossWeight,
      gradient: size,
      partial: 2 * PARTIALS,
    });
    const { loss, gradient } = meanSquaredError(prediction, goal, lossWeight);
    const share = batch / whole;
    const name = `${batch} of ${each} in ${whole}`;
    assertClose(`${name}: gradient`, found.gradient, gradient.map((g) => g * share), 5e-7);
    const columns = [0, 0];
    found.partial.forEach((value, i) => columns[i % 2] += value);
    const errors = prediction.reduce((sum, value, i) => sum + value - goal[i], 0);
    assertWithin(`${name}: loss`, [columns[1] / size], [loss], 1e-6 * loss);
    assertWithin(`${name}: errors`, [columns[0]], [errors], 1e-6 * size);
  }
});

gpuTest("offset noise is the same all over a channel", async (gpu) => {
  for (const [batch, plane] of [[1, 1], [2, 49], [3, 64]]) {
    const [y, offsets] = [data(3 * batch * plane, 67), data(3 * batch, 68)];
    const found = await runLaunch(gpu, addOffsets({ batch, plane }), { y, offsets });
    const wanted = y.map((value, i) => value + offsets[Math.floor(i / plane)]);
    assertClose(`${batch} of ${plane}`, found.y, wanted, 1e-7);
  }
});

gpuTest(
  "a sampler's step: every scalar counts, x0 is clipped, scaled and keepMask",
  async (gpu) => {
    const [batch, each] = [3, 43];
    const size = batch * each;
    const [x, prediction, fresh] = [data(size, 64), data(size, 65), data(size, 66)];
    const denoised = data(size, 67);
    const base = {
      x0FromX: 0.7,
      x0FromPrediction: -0.4,
      x0Limit: 0.5,
      thresholdRank: 7,
      nextFromX: 0.25,
      nextFromX0: 0.8,
      nextFromPrevious: -0.6,
      sigma: 0.35,
    };
    for (
      const [limit, thresholds] of [[0.5, [1, 1, 1]], [3e38, [1, 1, 1]], [1, [1, 1.5, 2]]] as const
    ) {
      for (const changed of [...SAMPLER_SCALARS, undefined]) {
        const c = { ...base, x0Limit: limit };
        if (changed && changed !== "x0Limit") c[changed] += 0.5;
        const scalars = SAMPLER_SCALARS.map((name) => c[name]);
        const found = await runLaunch(
          gpu,
          samplerStep({ batch, each }),
          { x, prediction, fresh, denoised, thresholds, scalars },
        );
        const x0 = x.map((now, i) => {
          const raw = c.x0FromX * now + c.x0FromPrediction * prediction[i];
          const threshold = thresholds[Math.floor(i / each)];
          return Math.min(limit * threshold, Math.max(-limit * threshold, raw)) / threshold;
        });
        const wanted = x.map((now, i) =>
          c.nextFromX * now + c.nextFromX0 * x0[i] + c.nextFromPrevious * denoised[i] +
          c.sigma * fresh[i]
        );
        assertClose(`${changed} limit ${limit}`, found.x, wanted, 1e-6);
        assertClose(`${changed} limit ${limit}: x0`, found.denoised, x0, 1e-6);
      }
    }
  },
);

gpuTest("thresholds: the quantile of each image's absolute values, exactly", async (gpu) => {
  for (const [batch, each] of [[1, 1], [3, 7], [2, 64], [3, 257], [2, 3000]]) {
    // Products with powers of two are exact, so that the reference's values are the kernel's, bit by bit.
    const prediction = data(batch * each, 68, 4);
    prediction[0] = prediction.at(-1)!; // twice the same value
    const scalars = (rank: number) => [0, -0.5, 1, rank, 0, 0, 0, 0];
    const x0 = prediction.map((value) => value / 2);
    for (const share of [0.01, 0.5, 0.995, 1]) {
      const rank = Math.ceil(share * each);
      const { thresholds } = await runLaunch(gpu, x0Thresholds({ batch, each }), {
        x: data(batch * each, 69),
        prediction,
        scalars: scalars(rank),
        thresholds: batch,
      });
      assertWithin(
        `${batch} of ${each}, ${share}`,
        thresholds,
        thresholdsReference(x0, batch, rank),
        0,
      );
    }
  }
});

gpuTest("noise turned towards other noise", async (gpu) => {
  const [batch, each] = [3, 35];
  const [y, other, turn] = [data(batch * each, 70), data(batch * each, 71), data(2 * batch, 72)];
  const found = await runLaunch(gpu, slerp({ batch, each }), { other, turn, y });
  const wanted = y.map((value, i) => {
    const b = Math.floor(i / each);
    return turn[2 * b] * value + turn[2 * b + 1] * other[i];
  });
  assertClose("y", found.y, wanted, 5e-7);
});

gpuTest("a noised picture is placed where it is keepMask, and nowhere else", async (gpu) => {
  const [batch, plane] = [2, 49];
  const size = 3 * batch * plane;
  const [image, noise, x] = [data(3 * plane, 73), data(size, 74), data(size, 75)];
  const keepMask = Float64Array.from({ length: plane }, (_, i) => i % 3 === 0 ? 1 : 0);
  const level = [0.7, 0.4, 0, 0];
  // What isn't keepMask may be anything, and must not reach the rest.
  x[1] = NaN;
  const found = await runLaunch(gpu, placeImage({ batch, plane }), {
    image,
    noise,
    keepMask,
    level,
    x,
  });
  const wanted = x.map((value, i) =>
    keepMask[i % plane] === 1 ? 0.7 * image[i % (3 * plane)] + 0.4 * noise[i] : value
  );
  assertWithin("x", found.x.filter((_, i) => i !== 1), wanted.filter((_, i) => i !== 1), 1e-6);
});

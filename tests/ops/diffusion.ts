// Noising, the loss, guidance, and what a sampler does to images.

import { noisingCoefficients } from "../../src/diffusion/prediction.ts";
import { PARTIALS, SAMPLER_SCALARS } from "../../src/graph/ops.ts";
import { data } from "../helpers/close.ts";
import { addNoise as noised, meanSquaredError, target } from "../reference/diffusion.ts";
import { thresholds as thresholdsOf } from "../reference/samplers.ts";
import { of, type OpCase, unwritten } from "./case.ts";

const noisings = [[1, 1], [3, 7], [4, 48], [2, 300], [3, 12_001]].flatMap(([batch, each]) =>
  (["eps", "x0", "v"] as const).map((prediction): OpCase<"addNoise"> => {
    const [x0, noise] = [data(batch * each, 60), data(batch * each, 61)];
    const gammas = Float64Array.from({ length: batch }, (_, b) => (b + 0.5) / batch);
    const meaning = { prediction, inputScale: 1, normalizeInput: false };
    return {
      name: "addNoise",
      title: `${prediction}, ${batch} x ${each}`,
      sizes: { batch, each },
      operands: {
        x0: of(x0, batch, each),
        noise: of(noise, batch, each),
        coefficients: of(noisingCoefficients(meaning, [...gammas]), batch, 4),
        xt: unwritten(batch, each),
        target: unwritten(batch, each),
      },
      expected: {
        xt: { values: noised(x0, noise, gammas), tolerance: 5e-7 },
        target: { values: target(prediction, x0, noise, gammas), tolerance: 5e-7 },
      },
    };
  })
);

const offsets = [[1, 3, 1], [2, 3, 49], [3, 4, 64], [2, 1, 4099]].map(
  ([batch, channels, plane]): OpCase<"offsetNoise"> => {
    const [y, offsets] = [data(batch * channels * plane, 67), data(batch * channels, 68)];
    return {
      name: "offsetNoise",
      title: `${batch} of ${channels} x ${plane}`,
      sizes: { batch, channels, plane },
      operands: { y: of(y, batch, channels, plane), offsets: of(offsets, batch, channels) },
      expected: {
        y: { values: y.map((value, i) => value + offsets[Math.floor(i / plane)]), tolerance: 0 },
      },
    };
  },
);

/** Batch, elements of an example, examples of the whole step. */
const ERRORS = [[1, 1, 1], [7, 1, 7], [4, 256, 4], [3, 777, 12], [5, 8191, 5], [2, 9, 2 ** 32]];

const errors = ERRORS.map(([batch, each, whole]): OpCase<"squaredError"> => {
  const size = batch * each;
  const [prediction, target] = [data(size, 62), data(size, 63)];
  const lossWeight = data(batch, 64).map((value) => Math.fround(value ** 2 + 0.1));
  const { loss, gradient } = meanSquaredError(prediction, target, lossWeight);
  return {
    name: "squaredError",
    title: `${batch} x ${each} of ${whole}`,
    sizes: { batch, each, whole },
    operands: {
      prediction: of(prediction, batch, each),
      target: of(target, batch, each),
      lossWeight: of(lossWeight),
      gradient: unwritten(batch, each),
      partial: unwritten(PARTIALS, 2),
    },
    expected: {
      gradient: { values: gradient.map((value) => value * batch / whole), tolerance: 5e-7 },
      partial: {
        values: [loss * size],
        tolerance: 1e-6,
        of: (found) => [found.reduce((sum, value, i) => i % 2 === 1 ? sum + value : sum, 0)],
      },
    },
  };
});

const guidances = [7, 12, 20_001].map((size): OpCase<"guide"> => {
  const [guided, free] = [data(size, 72), data(size, 73)];
  return {
    name: "guide",
    title: `${size}`,
    sizes: { size },
    operands: {
      guided: of(guided),
      free: of(free),
      scale: of([2.5, 0, 0, 0]),
      y: unwritten(size),
    },
    expected: {
      y: { values: free.map((value, i) => value + 2.5 * (guided[i] - value)), tolerance: 1e-6 },
    },
  };
});

const SCALARS = {
  x0FromX: 0.7,
  x0FromPrediction: -0.4,
  x0Limit: 0.5,
  thresholdRank: 7,
  nextFromX: 0.25,
  nextFromX0: 0.8,
  nextFromPrevious: -0.6,
  sigma: 0.35,
};

function samplerStep(
  [batch, each]: number[],
  x0Limit: number,
  perImage: readonly number[],
  changed?: typeof SAMPLER_SCALARS[number],
): OpCase<"samplerStep"> {
  const size = batch * each;
  const [x, prediction, fresh] = [data(size, 64), data(size, 65), data(size, 66)];
  const denoised = data(size, 67);
  const thresholds = perImage.slice(0, batch);
  const c = { ...SCALARS, x0Limit };
  if (changed && changed !== "x0Limit") c[changed] += 0.5;
  const x0 = x.map((now, i) => {
    const raw = c.x0FromX * now + c.x0FromPrediction * prediction[i];
    const threshold = thresholds[Math.floor(i / each)];
    return Math.min(x0Limit * threshold, Math.max(-x0Limit * threshold, raw)) / threshold;
  });
  const next = x.map((now, i) =>
    c.nextFromX * now + c.nextFromX0 * x0[i] + c.nextFromPrevious * denoised[i] +
    c.sigma * fresh[i]
  );
  return {
    name: "samplerStep",
    title: `${batch} x ${each}, limit ${x0Limit}, thresholds ${thresholds}, ${changed} changed`,
    sizes: { batch, each },
    operands: {
      x: of(x, batch, each),
      prediction: of(prediction, batch, each),
      fresh: of(fresh, batch, each),
      denoised: of(denoised, batch, each),
      thresholds: of(thresholds),
      scalars: of(SAMPLER_SCALARS.map((name) => c[name])),
    },
    expected: {
      x: { values: next, tolerance: 1e-6 },
      denoised: { values: x0, tolerance: 1e-6 },
    },
  };
}

const LIMITS = [[0.5, [1, 1, 1]], [3e38, [1, 1, 1]], [1, [1, 1.5, 2]]] as const;

const steps = [
  ...LIMITS.flatMap(([limit, thresholds]) =>
    [...SAMPLER_SCALARS, undefined].map((changed) =>
      samplerStep([3, 43], limit, thresholds, changed)
    )
  ),
  samplerStep([2, 12_001], 1, [1.5, 1]),
];

const ranks = [[1, 1], [3, 7], [2, 64], [3, 257], [2, 3000]].flatMap(([batch, each]) =>
  [0.01, 0.5, 0.995, 1].map((share): OpCase<"thresholds"> => {
    // Products with powers of two are exact, so that the reference's values are the kernel's, bit by
    // bit.
    const prediction = data(batch * each, 68, 4);
    prediction[0] = prediction.at(-1)!; // twice the same value
    const rank = Math.ceil(share * each);
    return {
      name: "thresholds",
      title: `${batch} x ${each}, ${share}`,
      sizes: { batch, each },
      operands: {
        x: of(data(batch * each, 69), batch, each),
        prediction: of(prediction, batch, each),
        scalars: of([0, -0.5, 1, rank, 0, 0, 0, 0]),
        thresholds: unwritten(batch),
      },
      expected: {
        thresholds: {
          values: thresholdsOf(prediction.map((value) => value / 2), batch, rank),
          tolerance: 0,
        },
      },
    };
  })
);

const slerps = [[3, 35], [2, 10_001]].map(([batch, each]): OpCase<"slerp"> => {
  const [y, other, turn] = [data(batch * each, 70), data(batch * each, 71), data(2 * batch, 72)];
  const turned = y.map((value, i) => {
    const b = Math.floor(i / each);
    return turn[2 * b] * value + turn[2 * b + 1] * other[i];
  });
  return {
    name: "slerp",
    title: `${batch} x ${each}`,
    sizes: { batch, each },
    operands: { y: of(y, batch, each), other: of(other, batch, each), turn: of(turn, batch, 2) },
    expected: { y: { values: turned, tolerance: 5e-7 } },
  };
});

const placed = [[3, 49], [3, 5003], [1, 49], [4, 64]].map((
  [channels, plane],
): OpCase<"placeImage"> => {
  const batch = 2;
  const size = batch * channels * plane;
  const [image, noise, x] = [data(channels * plane, 73), data(size, 74), data(size, 75)];
  const keepMask = Float64Array.from({ length: plane }, (_, i) => i % 3 === 0 ? 1 : 0);
  // What isn't kept can be anything, and must not reach the rest.
  x[1] = NaN;
  const values = x.map((value, i) =>
    keepMask[i % plane] === 1 ? 0.7 * image[i % (channels * plane)] + 0.4 * noise[i] : value
  );
  const rounding = x.map((_, i) => keepMask[i % plane] === 1 ? 1e-6 : 0);
  return {
    name: "placeImage",
    title: `${batch} of ${channels} x ${plane}`,
    sizes: { batch, channels, plane },
    operands: {
      image: of(image, channels, plane),
      noise: of(noise, batch, channels, plane),
      keepMask: of(keepMask),
      level: of([0.7, 0.4, 0, 0].map(Math.fround)),
      x: of(x, batch, channels, plane),
    },
    expected: { x: { values, tolerance: rounding } },
  };
});

export const CASES: readonly OpCase[] = [
  ...noisings,
  ...offsets,
  ...errors,
  ...guidances,
  ...steps,
  ...ranks,
  ...slerps,
  ...placed,
];

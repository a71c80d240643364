// Sums in a fixed order.

import { moments, partialMoments, sumMiddle } from "../../kernels/wgsl/reduce.ts";
import { PARTIALS } from "../../kernels/shapes.ts";
import { assertClose, assertSameBits, assertWithin, data } from "../helpers/close.ts";
import { gpuTest } from "../helpers/gpu.ts";
import { runLaunch } from "../helpers/launch.ts";

const SHAPES = [
  { outer: 1, middle: 1, inner: 1 },
  { outer: 1, middle: 9, inner: 7 },
  { outer: 5, middle: 3, inner: 12 },
  { outer: 67, middle: 2, inner: 5 },
  { outer: 2, middle: 100, inner: 72 },
];

function sums(x: Float64Array, { outer, middle, inner }: typeof SHAPES[number]): Float64Array {
  const y = new Float64Array(outer * inner);
  x.forEach((value, i) => y[Math.floor(i / (middle * inner)) * inner + i % inner] += value);
  return y;
}

gpuTest("sum of the middle axis, written and added, at an origin", async (gpu) => {
  for (const shape of SHAPES) {
    const { outer, middle, inner } = shape;
    const x = data(outer * middle * inner, 50);
    const held = data(outer * inner, 51);
    for (const accumulate of [false, true]) {
      for (const origin of [0, 8, 3]) {
        const name = `${JSON.stringify(shape)} at ${origin}, accumulate ${accumulate}`;
        const marks = Array(origin).fill(77);
        const before = accumulate ? held : new Float64Array(held.length).fill(NaN);
        const found = await runLaunch(gpu, sumMiddle({ ...shape, accumulate, origin }), {
          x,
          y: [...marks, ...before, 77, 77, 77, 77],
        });
        const wanted = sums(x, shape).map((sum, i) => accumulate ? sum + held[i] : sum);
        const end = origin + wanted.length;
        assertClose(name, found.y.subarray(origin, end), wanted, 1e-6);
        const around = [...found.y.subarray(0, origin), ...found.y.subarray(end)];
        assertSameBits(
          name,
          Float32Array.from(around),
          Float32Array.from([...marks, 77, 77, 77, 77]),
        );
      }
    }
  }
});

gpuTest("mean, standard deviation and norm", async (gpu) => {
  for (const size of [1, 5, PARTIALS, PARTIALS + 1, 20_011]) {
    const x = data(size, 52).map((value) => Math.fround(3 * value + 0.7));
    const { partial } = await runLaunch(gpu, partialMoments({ size }), {
      x,
      partial: 2 * PARTIALS,
    });
    const wanted = new Float64Array(2 * PARTIALS);
    x.forEach((value, i) => {
      wanted[2 * (i % PARTIALS)] += value;
      wanted[2 * (i % PARTIALS) + 1] += value ** 2;
    });
    assertClose(`${size}: partial sums`, partial, wanted, 1e-6);
    const at = 4;
    const { y } = await runLaunch(gpu, moments({ size, at }), {
      partial: Float32Array.from(wanted),
      y: new Float32Array(12).fill(77),
    });
    const sum = x.reduce((total, value) => total + value, 0);
    const squares = x.reduce((total, value) => total + value ** 2, 0);
    const mean = sum / size;
    const deviation = Math.sqrt(Math.max(0, squares / size - mean ** 2));
    // The deviation comes from a difference of squares: of one number it is the root of a rounding.
    const tolerance = 1e-5 * Math.sqrt(squares / size);
    assertWithin(`${size}: mean`, [y[at]], [mean], tolerance);
    if (size > 1) assertWithin(`${size}: deviation`, [y[at + 1]], [deviation], tolerance);
    assertWithin(`${size}: norm`, [y[at + 2]], [Math.sqrt(squares)], 1e-5 * Math.sqrt(squares));
    const rest = y.filter((_, i) => i < at || i > at + 2);
    assertSameBits(`${size}: the rest`, rest, new Float32Array(9).fill(77));
  }
});

gpuTest("moments: a NaN or an infinity shows", async (gpu) => {
  for (const bad of [NaN, Infinity]) {
    const x = data(100, 53);
    x[41] = bad;
    const { partial } = await runLaunch(gpu, partialMoments({ size: 100 }), {
      x,
      partial: 2 * PARTIALS,
    });
    if (Number.isFinite(partial[83])) throw new Error(`${bad} became ${partial[83]}`);
  }
});

// Layer norm and its two gradients.

import { data } from "../helpers/close.ts";
import { layerNorm, layerNormAdjoint, rowStatistics } from "../reference/layer_norm.ts";
import { of, type OpCase, unwritten } from "./case.ts";

const RELATIVE = 2e-6;

// Widths for both loads; rows beside those of a chunk and of a workgroup; the last are several tiles.
const SHAPES = [
  { rows: 1, d: 1 },
  { rows: 1, d: 4 },
  { rows: 3, d: 7 },
  { rows: 31, d: 36 },
  { rows: 32, d: 5 },
  { rows: 33, d: 24 },
  { rows: 130, d: 17 },
  { rows: 65, d: 128 },
  { rows: 301, d: 133 },
];

function arrays(rows: number, d: number, shift = 0, epsilon = 1e-5) {
  const x = data(rows * d, 10).map((value) => Math.fround(value + shift));
  const [weight, bias] = [data(d, 11), data(d, 12)];
  const stats = new Float64Array(2 * rows);
  for (let r = 0; r < rows; r++) {
    const { mean, rstd } = rowStatistics(x, r * d, d, epsilon);
    stats.set([mean, rstd], 2 * r);
  }
  return { x, weight, bias, affine: [...weight, ...bias], dy: data(rows * d, 13), stats };
}

const column = (values: ArrayLike<number>, at: number) =>
  Float64Array.from({ length: values.length / 2 }, (_, row) => values[2 * row + at]);

function forward(
  rows: number,
  d: number,
  shift: number,
  tolerance: number,
  epsilon = 1e-5,
): OpCase[] {
  const { x, weight, bias, affine, stats } = arrays(rows, d, shift, epsilon);
  const y = { values: layerNorm(x, weight, bias, epsilon), tolerance };
  return ["mean", "scale"].map((title, at): OpCase<"layerNorm"> => ({
    name: "layerNorm",
    title: `(${rows}, ${d}) + ${shift}, epsilon ${epsilon}, ${title}`,
    sizes: { rows, d, epsilon },
    operands: {
      x: of(x, rows, d),
      affine: of(affine, 2, d),
      y: unwritten(rows, d),
      stats: unwritten(rows, 2),
    },
    expected: {
      y,
      stats: { values: column(stats, at), tolerance, of: (found) => column(found, at) },
    },
  }));
}

/** All that is left of the variance is the epsilon. */
function constantRows(epsilon: number): OpCase<"layerNorm"> {
  const [rows, d] = [2, 8];
  const [weight, bias] = [data(d, 14), data(d, 15)];
  const scale = 1 / Math.sqrt(epsilon);
  return {
    name: "layerNorm",
    title: `constant rows, epsilon ${epsilon}`,
    sizes: { rows, d, epsilon },
    operands: {
      x: of(new Float64Array(rows * d).fill(3), rows, d),
      affine: of([...weight, ...bias], 2, d),
      y: unwritten(rows, d),
      stats: unwritten(rows, 2),
    },
    expected: {
      y: { values: [...bias, ...bias], tolerance: 1e-6 },
      stats: { values: [3, scale, 3, scale], tolerance: 1e-6 },
    },
  };
}

function inputGradients(rows: number, d: number): OpCase[] {
  const { x, weight, affine, dy, stats } = arrays(rows, d);
  const { dx } = layerNormAdjoint(x, weight, dy);
  const held = data(rows * d, 16);
  return [false, true].map((accumulate): OpCase<"layerNormInputGradient"> => ({
    name: "layerNormInputGradient",
    title: `(${rows}, ${d}), accumulate ${accumulate}`,
    sizes: { rows, d, accumulate },
    operands: {
      x: of(x, rows, d),
      affine: of(affine, 2, d),
      stats: of(stats.map(Math.fround), rows, 2),
      dy: of(dy, rows, d),
      dx: accumulate ? of(held, rows, d) : unwritten(rows, d),
    },
    expected: {
      dx: {
        values: dx.map((value, i) => accumulate ? value + held[i] : value),
        // A single element has no gradient: its normalised value is 0 whatever it is.
        tolerance: d === 1 && !accumulate ? 0 : RELATIVE,
      },
    },
  }));
}

function affineGradients(rows: number, d: number): OpCase[] {
  const { x, weight, dy, stats } = arrays(rows, d);
  const { dweight, dbias } = layerNormAdjoint(x, weight, dy);
  return [dweight, dbias].map((values, at): OpCase<"layerNormAffineGradient"> => ({
    name: "layerNormAffineGradient",
    title: `(${rows}, ${d}), ${["weight", "bias"][at]}`,
    sizes: { rows, d },
    operands: {
      x: of(x, rows, d),
      stats: of(stats.map(Math.fround), rows, 2),
      dy: of(dy, rows, d),
      // As a gradient lies in its slab.
      daffine: { ...unwritten(2, d), at: 64 + at },
    },
    expected: {
      daffine: {
        values,
        tolerance: d === 1 && at === 0 ? 0 : RELATIVE,
        of: (found) => found.slice(at * d, (at + 1) * d),
      },
    },
  }));
}

export const CASES: readonly OpCase[] = [
  ...SHAPES.flatMap(({ rows, d }) => forward(rows, d, 0, RELATIVE)),
  // A sum of 64 values near 100 is off by some 1e-3 in float32, so the mean by some 1e-5; E[x^2] -
  // E[x]^2 would be off by 1e-3 and more.
  ...[64, 33].flatMap((d) => forward(5, d, 100, 5e-5)),
  ...forward(33, 24, 0, RELATIVE, 0.25),
  ...[1e-5, 1e-6].map(constantRows),
  ...SHAPES.flatMap(({ rows, d }) => inputGradients(rows, d)),
  ...SHAPES.flatMap(({ rows, d }) => affineGradients(rows, d)),
];

// Sums in a fixed order.

import { data } from "../helpers/close.ts";
import { of, type OpCase, unwritten } from "./case.ts";

/** outer, middle, inner, and where rows are wider: their stride, and where the sum begins. */
const SHAPES: [number, number, number, number?, number?][] = [
  [1, 1, 1],
  [1, 9, 7],
  [5, 3, 12],
  [67, 2, 5],
  [2, 100, 72],
  [3, 5, 2051],
  [1, 3, 5, 9, 2],
  [4, 1, 4, 12, 8],
  [2, 7, 8, 20, 12],
  [3, 2, 3, 3, 0],
];

/** Written or added, at the beginning of a storage or within a slab. */
const VARIANTS = [undefined, 8, 67].flatMap((at) =>
  [false, true].map((accumulate) => ({ accumulate, at }))
);

const sums = SHAPES.flatMap(([outer, middle, inner, stride = inner, start = 0]) =>
  VARIANTS.map(({ accumulate, at }): OpCase<"sumMiddle"> => {
    const x = data(outer * middle * stride, 50);
    const held = data(outer * inner, 51);
    const y = accumulate ? held.slice() : new Float64Array(held.length);
    x.forEach((value, i) => {
      const column = i % stride - start;
      if (column < 0 || column >= inner) return;
      y[Math.floor(i / (middle * stride)) * inner + column] += value;
    });
    const window = stride === inner ? {} : { stride, start };
    return {
      name: "sumMiddle",
      title:
        `${outer} x ${middle} x ${inner} of ${stride} from ${start}, add ${accumulate} at ${at}`,
      sizes: { outer, middle, inner, ...window, ...accumulate && { accumulate } },
      operands: {
        x: of(x, outer, middle, stride),
        y: { ...accumulate ? of(held, outer, inner) : unwritten(outer, inner), at },
      },
      expected: { y: { values: y, tolerance: 1e-6 } },
    };
  })
);

const figures = [1, 5, 1024, 1025, 40_011].map((size): OpCase<"moments"> => {
  const x = data(size, 52).map((value) => Math.fround(3 * value + 0.7));
  const mean = x.reduce((total, value) => total + value, 0) / size;
  const squares = x.reduce((total, value) => total + value ** 2, 0);
  const deviation = Math.sqrt(Math.max(0, squares / size - mean ** 2));
  // The deviation comes from a difference of squares: of one number it is the root of a rounding.
  const tolerance = 1e-5 * Math.sqrt(squares / size);
  const tolerances = [
    tolerance,
    size > 1 ? tolerance : 1e-3 * Math.abs(mean),
    1e-5 * Math.sqrt(squares),
  ];
  return {
    name: "moments",
    title: `${size}`,
    sizes: { size, at: 4 },
    operands: { x: of(x), y: of(new Float64Array(12).fill(77)) },
    expected: {
      y: {
        values: [77, 77, 77, 77, mean, deviation, Math.sqrt(squares), 77, 77, 77, 77, 77],
        tolerance: [0, 0, 0, 0, ...tolerances, 0, 0, 0, 0, 0],
      },
    },
  };
});

const spoiled = [NaN, Infinity, -Infinity].map((bad): OpCase<"moments"> => {
  const x = data(100, 53);
  x[41] = bad;
  return {
    name: "moments",
    title: `${bad} shows`,
    sizes: { size: 100, at: 0 },
    operands: { x: of(x), y: unwritten(3) },
    expected: {
      y: { values: [0], tolerance: 0, of: (found) => [Number(Number.isFinite(found[2]))] },
    },
  };
});

export const CASES: readonly OpCase[] = [...sums, ...figures, ...spoiled];

// Copies, sums and masks: sums of few terms are compared bit for bit.

import { data } from "../helpers/close.ts";
import { of, type OpCase, unwritten } from "./case.ts";

// Odd, a multiple of 4, more than one workgroup of either, more than one tile.
const SIZES = [1, 7, 8, 67, 300, 33_001];

const copies = SIZES.map((size): OpCase<"copy"> => {
  const x = data(size, 42);
  return {
    name: "copy",
    title: `${size}`,
    sizes: { size },
    operands: { x: of(x), y: unwritten(size) },
    expected: { y: { values: x, tolerance: 0 } },
  };
});

const sums = SIZES.map((size): OpCase<"add"> => {
  const [x, y] = [data(size, 40), data(size, 41)];
  return {
    name: "add",
    title: `${size}`,
    sizes: { size },
    operands: { x: of(x), y: of(y) },
    expected: { y: { values: x.map((value, i) => value + y[i]), tolerance: 0 } },
  };
});

const SHAPES = [[1, 1], [3, 7], [4, 12], [5, 130], [3, 11_003]];

const masks = SHAPES.map(([batch, each]): OpCase<"maskRows"> => {
  const x = data(batch * each, 45);
  const mask = Array.from({ length: batch }, (_, b) => (b + 1) % 2);
  return {
    name: "maskRows",
    title: `${batch} x ${each}`,
    sizes: { batch, each },
    operands: { x: of(x, batch, each), mask: of(mask), y: unwritten(batch, each) },
    expected: {
      y: { values: x.map((value, i) => mask[Math.floor(i / each)] * value), tolerance: 0 },
    },
  };
});

export const CASES: readonly OpCase[] = [...copies, ...sums, ...masks];

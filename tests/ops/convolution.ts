// Unfolding, pooling and rectifying.

import type { Window } from "../../src/graph/ops.ts";
import { data } from "../helpers/close.ts";
import { poolReference, unfoldReference } from "../reference/convolution.ts";
import { of, type OpCase, unwritten } from "./case.ts";

/** Windows at odd sizes; the last is more than one tile. */
export const WINDOWS: readonly Window[] = [
  { batch: 1, height: 1, width: 1, channels: 1, kernel: [1, 1], stride: 1, padding: [0, 0] },
  { batch: 2, height: 7, width: 5, channels: 3, kernel: [3, 3], stride: 2, padding: [0, 0] },
  { batch: 3, height: 6, width: 9, channels: 5, kernel: [3, 3], stride: 1, padding: [1, 1] },
  { batch: 2, height: 5, width: 11, channels: 4, kernel: [1, 7], stride: 1, padding: [0, 3] },
  { batch: 1, height: 11, width: 5, channels: 7, kernel: [7, 1], stride: 1, padding: [3, 0] },
  { batch: 2, height: 8, width: 8, channels: 6, kernel: [5, 5], stride: 1, padding: [2, 2] },
  { batch: 2, height: 33, width: 31, channels: 6, kernel: [5, 3], stride: 2, padding: [2, 1] },
];

const windows = WINDOWS.flatMap((window): OpCase[] => {
  const { batch, height, width, channels, kernel, stride } = window;
  const title = `${height} x ${width} by ${kernel} stride ${stride}`;
  const x = data(batch * height * width * channels, 60);
  const below = x.map((value) => Math.fround(value - 3));
  const shape = [batch, height, width, channels];
  const unfolded = unfoldReference(x, window);
  const unfold: OpCase<"unfold"> = {
    name: "unfold",
    title,
    sizes: window,
    operands: { x: of(x, ...shape), y: unwritten(unfolded.length) },
    expected: { y: { values: unfolded, tolerance: 0 } },
  };
  const pools = (["max", "mean"] as const).map((kind): OpCase<"pool"> => {
    const values = poolReference(below, window, kind);
    return {
      name: "pool",
      title: `${kind}, ${title}`,
      sizes: { window, kind },
      operands: { x: of(below, ...shape), y: unwritten(values.length) },
      expected: { y: { values, tolerance: kind === "max" ? 0 : 5e-7 } },
    };
  });
  return [unfold, ...pools];
});

const rectified = [[1, 1], [7, 5], [66, 12], [1031, 17]].map(
  ([rows, columns]): OpCase<"rectify"> => {
    const x = data(rows * columns, 62);
    const [across, at] = [columns + 3, 1];
    const y = new Float64Array(rows * across).fill(NaN);
    x.forEach((value, i) =>
      y[Math.floor(i / columns) * across + at + i % columns] = Math.max(0, value)
    );
    return {
      name: "rectify",
      title: `${rows} x ${columns}`,
      sizes: { rows, columns, of: across, at },
      operands: { x: of(x, rows, columns), y: unwritten(rows, across) },
      expected: { y: { values: y, tolerance: 0 } },
    };
  },
);

export const CASES: readonly OpCase[] = [...windows, ...rectified];

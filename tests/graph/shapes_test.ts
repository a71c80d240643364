// Sizes that all devices share.

import { assertEquals } from "@std/assert";
import { outputSize, type Window } from "../../src/graph/ops.ts";

Deno.test("outputSize() of windows is the size of what they leave", () => {
  const sizes = (
    [height, width]: [number, number],
    kernel: Window["kernel"],
    stride: number,
    padding: Window["padding"],
  ) => outputSize({ batch: 2, height, width, channels: 3, kernel, stride, padding });
  assertEquals(sizes([1, 1], [1, 1], 1, [0, 0]), [1, 1]);
  assertEquals(sizes([7, 5], [3, 3], 2, [0, 0]), [3, 2]);
  assertEquals(sizes([6, 9], [3, 3], 1, [1, 1]), [6, 9]);
  assertEquals(sizes([5, 11], [1, 7], 1, [0, 3]), [5, 11]);
  assertEquals(sizes([11, 5], [7, 1], 1, [3, 0]), [11, 5]);
  assertEquals(sizes([8, 8], [5, 5], 1, [2, 2]), [8, 8]);
});

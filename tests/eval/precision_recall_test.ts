// Precision and recall against a brute-force NumPy version and cases that can be seen.

import { assertEquals, assertThrows } from "@std/assert";
import { precisionRecall } from "../../src/eval/precision_recall.ts";
import { data } from "../helpers/close.ts";
import reference from "./fixtures/distances.json" with { type: "json" };

const points = (rows: number[][]) => rows.map((row) => Float32Array.from(row));
const line = (from: number, count: number) =>
  points(Array.from({ length: count }, (_, i) => [from + i]));

Deno.test("precisionRecall() gives NumPy's", () => {
  const { precision, recall } = precisionRecall(points(reference.real), points(reference.fake));
  assertEquals([precision, recall], [reference.precision, reference.recall]);
});

Deno.test("precisionRecall() is 1 for the same points, and 0 for points far away", () => {
  const here = points(Array.from({ length: 150 }, (_, i) => [...data(3, i)]));
  const far = here.map((point) => point.map((value) => value + 100));
  assertEquals(precisionRecall(here, here), { precision: 1, recall: 1 });
  assertEquals(precisionRecall(here, far), { precision: 0, recall: 0 });
});

Deno.test("precisionRecall() loses precision with bad samples, and recall with dropped modes", () => {
  // On a line of integers a ball reaches 2 from within and 3 from the ends.
  const modes = [...line(0, 100), ...line(1000, 100)];
  const oneMode = [...line(0, 100), ...line(0, 100)];
  assertEquals(precisionRecall(modes, line(0, 100)), { precision: 1, recall: 0.5 });
  assertEquals(precisionRecall(line(0, 100), modes), { precision: 0.5, recall: 1 });
  assertEquals(precisionRecall(modes, oneMode), { precision: 1, recall: 0.5 });
  // Up to 3 beyond the end counts as inside.
  assertEquals(precisionRecall(line(0, 10), line(10, 10)).precision, 0.3);
});

Deno.test("precisionRecall() refuses too few points", () => {
  assertThrows(() => precisionRecall(line(0, 10), line(0, 3)), RangeError, "more than 3");
});

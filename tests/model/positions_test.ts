// Fixed positions and the embedding of the time, by their formulas.

import { assert, assertEquals } from "@std/assert";
import { completeConfig } from "../../src/model/config.ts";
import { sinCosPositions } from "../../src/model/positions.ts";
import { timeRows, timeWidth } from "../../src/model/time.ts";
import { assertWithin } from "../helpers/close.ts";

Deno.test("sinCosPositions() gives sines and cosines of each coordinate in turn", () => {
  const table = sinCosPositions([2, 3], 8);
  const [sin, cos] = [Math.sin, Math.cos];
  const code = (c: number) => [sin(c), sin(c / 100), cos(c), cos(c / 100)];
  assertWithin("(1, 2)", table.subarray(5 * 8, 6 * 8), [...code(1), ...code(2)], 1e-7);
  assertWithin("(0, 1)", table.subarray(8, 16), [...code(0), ...code(1)], 1e-7);
});

Deno.test("sinCosPositions() takes three axes, and widths that don't divide evenly", () => {
  const table = sinCosPositions([2, 2, 2], 11);
  assertEquals(table.length, 8 * 11);
  // Five pairs: two for the frame, two for the row, one for the column; the last column is zero.
  const [sin, cos] = [Math.sin, Math.cos];
  const two = [sin(1), sin(1 / 100), cos(1), cos(1 / 100)];
  assertWithin("(1, 1, 1)", table.subarray(77, 88), [...two, ...two, sin(1), cos(1), 0], 1e-7);
  const rows = new Set(
    Array.from({ length: 8 }, (_, i) => table.slice(11 * i, 11 * i + 11).join()),
  );
  assertEquals(rows.size, 8);
});

Deno.test("timeRows() gives times, or their embedding of mean 0 and variance 1", () => {
  const add = completeConfig({});
  assertEquals([timeWidth(add), ...timeRows(add, [0.25, 0.5])], [1, 0.25, 0.5]);
  const token = completeConfig({ timeConditioning: "token" });
  const width = timeWidth(token);
  assertEquals(width, 32);
  const rows = timeRows(token, [0.25, 0.2501]);
  const row = rows.subarray(0, width);
  const mean = row.reduce((a, b) => a + b, 0) / width;
  const variance = row.reduce((a, b) => a + b * b, 0) / width;
  assertWithin("moments", [mean, variance], [0, 1], 1e-6);
  // Undoing the standardisation by two entries: sin(250) and the cosine of the lowest frequency.
  const raw = (i: number) =>
    i < 16 ? Math.sin(250 / 10000 ** (i / 16)) : Math.cos(250 / 10000 ** ((i - 16) / 16));
  const scale = (row[31] - row[0]) / (raw(31) - raw(0));
  for (let i = 0; i < width; i++) {
    assertWithin(`${i}`, [row[i] - row[0]], [scale * (raw(i) - raw(0))], 1e-5);
  }
  assert(rows.subarray(width).some((v, i) => Math.abs(v - row[i]) > 0.01), "near times differ");
});

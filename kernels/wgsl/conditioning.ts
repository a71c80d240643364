/**
 * Brings time and class to the latents: looks up rows in a table, and joins rows.
 *
 * @module
 */
import { forEach, laneType, laneWidth, type Launch, launch, linearGrid, read } from "./kernel.ts";
import { input, type OperandTypes, output } from "./operand.ts";

/**
 * The latents that a pass begins with, (batch, m, d): start (m - tokens, d) for every example, then
 * its own tokens (batch, d) one after the other; if `previous`, plus previous (batch, m, d) where mask
 * (batch) is 1. Binds start, token0, (token1,) (previous, mask,) y.
 */
export function joinLatents(
  { batch, m, d, tokens, previous, types = {} }: {
    batch: number;
    m: number;
    d: number;
    tokens: 1 | 2;
    previous: boolean;
    types?: OperandTypes<"start" | "token0" | "token1" | "previous" | "y">;
  },
): Launch {
  const width = laneWidth(d);
  const start = input("start", width, types.start);
  const [token0, token1] = [
    input("token0", width, types.token0),
    input("token1", width, types.token1),
  ];
  const before = input("previous", width, types.previous);
  const y = output("y", width, types.y);
  const count = batch * m * d / width;
  return launch(
    "join latents",
    { count, m, own: m - tokens, d: d / width },
    [
      start.binding,
      token0.binding,
      tokens === 2 && token1.binding,
      previous && before.binding,
      previous && read("mask"),
      y.binding,
    ],
    linearGrid(count),
    forEach(
      "p.count",
      `
  let k = i % p.d;
  let row = (i / p.d) % p.m;
  let b = i / (p.d * p.m);
  var z = ${laneType(width)}();
  if (row < p.own) { z = ${start.at("row * p.d + k")}; }
  else if (row == p.own) { z = ${token0.at("b * p.d + k")}; }
  ${tokens === 2 ? `else { z = ${token1.at("b * p.d + k")}; }` : ""}
  ${previous ? `z += mask[b] * ${before.at("i")};` : ""}
  ${y.put("i", "z")}`,
    ),
  );
}

/**
 * y (batch, d): row rows[b] of table (n, d), or zeros where that is n or more. Binds table, rows
 * (u32), y.
 */
export function gatherRows(
  { batch, n, d, types = {} }: {
    batch: number;
    n: number;
    d: number;
    types?: OperandTypes<"table" | "y">;
  },
): Launch {
  const width = laneWidth(d);
  const [table, y] = [input("table", width, types.table), output("y", width, types.y)];
  const count = batch * d / width;
  return launch(
    "gather rows",
    { count, n, d: d / width },
    [table.binding, read("rows", "array<u32>"), y.binding],
    linearGrid(count),
    forEach(
      "p.count",
      `
  let row = rows[i / p.d];
  ${y.put("i", `${laneType(width)}()`)}
  if (row < p.n) { ${y.put("i", table.at("row * p.d + i % p.d"))} }`,
    ),
  );
}

/**
 * The gradient of the table, written whole: dtable (n, d), row r the sum of dy (batch, d) over the
 * examples whose row is r, in order. Binds dy, rows (u32), dtable.
 */
export function gatherRowsGradient(
  { batch, n, d, types = {} }: {
    batch: number;
    n: number;
    d: number;
    types?: OperandTypes<"dy">;
  },
): Launch {
  const width = laneWidth(d);
  const [dy, dtable] = [input("dy", width, types.dy), output("dtable", width)];
  const count = n * d / width;
  return launch(
    "gather rows: dtable",
    { count, batch, d: d / width },
    [dy.binding, read("rows", "array<u32>"), dtable.binding],
    linearGrid(count),
    forEach(
      "p.count",
      `
  let row = i / p.d;
  var sum = ${laneType(width)}();
  for (var b = 0u; b < p.batch; b++) {
    if (rows[b] == row) { sum += ${dy.at("b * p.d + i % p.d")}; }
  }
  ${dtable.put("i", "sum")}`,
    ),
  );
}

/**
 * Brings time and class to the latents: looks up rows in a table, and joins rows.
 *
 * @module
 */
import {
  forEach,
  laneType,
  laneWidth,
  type Launch,
  launch,
  linearGrid,
  read,
  write,
} from "./kernel.ts";
import { parameter } from "./parameter.ts";
import type { FloatType } from "../shapes.ts";

/**
 * The latents that a pass begins with, (batch, m, d): start (m - tokens, d) for every example, then
 * its own tokens (batch, d) one after the other; if `previous`, plus previous (batch, m, d) where mask
 * (batch) is 1. `type` is that of start. Binds start, token0, (token1,) (previous, mask,) y.
 */
export function joinLatents(
  { batch, m, d, tokens, previous, type }: {
    batch: number;
    m: number;
    d: number;
    tokens: 1 | 2;
    previous: boolean;
    type?: FloatType;
  },
): Launch {
  const width = laneWidth(d);
  const start = parameter("start", width, type);
  const array = `array<${laneType(width)}>`;
  const count = batch * m * d / width;
  return launch(
    "join latents",
    { count, m, own: m - tokens, d: d / width },
    [
      start.binding,
      read("token0", array),
      tokens === 2 && read("token1", array),
      previous && read("previous", array),
      previous && read("mask"),
      write("y", array),
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
  else if (row == p.own) { z = token0[b * p.d + k]; }
  ${tokens === 2 ? "else { z = token1[b * p.d + k]; }" : ""}
  ${previous ? "z += mask[b] * previous[i];" : ""}
  y[i] = z;`,
    ),
  );
}

/**
 * y (batch, d): row rows[b] of table (n, d), whose type is `type`, or zeros where that is n or
 * more. Binds table, rows (u32), y.
 */
export function gatherRows(
  { batch, n, d, type }: { batch: number; n: number; d: number; type?: FloatType },
): Launch {
  const width = laneWidth(d);
  const table = parameter("table", width, type);
  const array = `array<${laneType(width)}>`;
  const count = batch * d / width;
  return launch(
    "gather rows",
    { count, n, d: d / width },
    [table.binding, read("rows", "array<u32>"), write("y", array)],
    linearGrid(count),
    forEach(
      "p.count",
      `
  let row = rows[i / p.d];
  y[i] = ${laneType(width)}();
  if (row < p.n) { y[i] = ${table.at("row * p.d + i % p.d")}; }`,
    ),
  );
}

/**
 * The gradient of the table, written whole: dtable (n, d), row r the sum of dy (batch, d) over the
 * examples whose row is r, in order. Binds dy, rows (u32), dtable.
 */
export function gatherRowsGradient(
  { batch, n, d }: { batch: number; n: number; d: number },
): Launch {
  const width = laneWidth(d);
  const array = `array<${laneType(width)}>`;
  const count = n * d / width;
  return launch(
    "gather rows: dtable",
    { count, batch, d: d / width },
    [read("dy", array), read("rows", "array<u32>"), write("dtable", array)],
    linearGrid(count),
    forEach(
      "p.count",
      `
  let row = i / p.d;
  var sum = ${laneType(width)}();
  for (var b = 0u; b < p.batch; b++) {
    if (rows[b] == row) { sum += dy[b * p.d + i % p.d]; }
  }
  dtable[i] = sum;`,
    ),
  );
}

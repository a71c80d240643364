/**
 * Small kernels that work element by element, four floats at a time where sizes allow.
 *
 * @module
 */
import type { PatchedAxis } from "../shapes.ts";
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

/** y += x. Binds x, y. */
export function addInto({ size }: { size: number }): Launch {
  const width = laneWidth(size);
  const array = `array<${laneType(width)}>`;
  return launch(
    "add",
    { count: size / width },
    [read("x", array), write("y", array)],
    linearGrid(size / width),
    forEach("p.count", "  y[i] = y[i] + x[i];"),
  );
}

/**
 * y (outer, inner) = x (outer, inner) + table (inner), for each row; if `previous`, plus previous (outer,
 * inner) where mask (outer) is 1. `type` is the table's. Binds x, table, (previous, mask,) y.
 */
export function addRows(
  { outer, inner, previous = false, type }: {
    outer: number;
    inner: number;
    previous?: boolean;
    type?: FloatType;
  },
): Launch {
  const width = laneWidth(inner);
  const table = parameter("table", width, type);
  const array = `array<${laneType(width)}>`;
  const count = outer * inner / width;
  return launch(
    "add rows",
    { count, inner: inner / width },
    [
      read("x", array),
      table.binding,
      previous && read("previous", array),
      previous && read("mask"),
      write("y", array),
    ],
    linearGrid(count),
    forEach(
      "p.count",
      `  y[i] = x[i] + ${table.at("i % p.inner")}${
        previous ? " + mask[i / p.inner] * previous[i]" : ""
      };`,
    ),
  );
}

/**
 * The latents that a pass begins with, (batch, m, d): start (m, d), plus time (batch, d) for each of
 * the m; if `previous`, plus previous (batch, m, d) where mask (batch) is 1. `type` is that of start. Binds
 * start, time, (previous, mask,) y.
 */
export function beginLatents(
  { batch, m, d, previous, type }: {
    batch: number;
    m: number;
    d: number;
    previous: boolean;
    type?: FloatType;
  },
): Launch {
  const width = laneWidth(d);
  const start = parameter("start", width, type);
  const array = `array<${laneType(width)}>`;
  const count = batch * m * d / width;
  return launch(
    "begin latents",
    { count, each: m * d / width, d: d / width },
    [
      start.binding,
      read("time", array),
      previous && read("previous", array),
      previous && read("mask"),
      write("y", array),
    ],
    linearGrid(count),
    forEach(
      "p.count",
      `
  let b = i / p.each;
  var z = ${start.at("i % p.each")};
  ${previous ? "z += mask[b] * previous[i];" : ""}
  y[i] = z + time[b * p.d + i % p.d];`,
    ),
  );
}

/** y = x. Binds x, y. */
export function copy({ size }: { size: number }): Launch {
  const width = laneWidth(size);
  const array = `array<${laneType(width)}>`;
  return launch(
    "copy",
    { count: size / width },
    [read("x", array), write("y", array)],
    linearGrid(size / width),
    forEach("p.count", "  y[i] = x[i];"),
  );
}

/** y = mask (batch) * x (batch, each). Binds x, mask, y. */
export function maskRows({ batch, each }: { batch: number; each: number }): Launch {
  const width = laneWidth(each);
  const array = `array<${laneType(width)}>`;
  const count = batch * each / width;
  return launch(
    "mask rows",
    { count, each: each / width },
    [read("x", array), read("mask"), write("y", array)],
    linearGrid(count),
    forEach("p.count", "  y[i] = mask[i / p.each] * x[i];"),
  );
}

/**
 * Cuts images (batch, channels, y, x) or clips (batch, channels, time, y, x) into patches (batch,
 * tokens, channels times the elements of a patch), tokens row-major over the grid, features ordered (channel, then the
 * axes), or puts them together again. Binds x, y.
 */
export function patches(
  { batch, channels, axes, inverse }: {
    batch: number;
    channels: number;
    axes: readonly PatchedAxis[];
    inverse: boolean;
  },
): Launch {
  const plane = axes.reduce((size, { length }) => size * length, 1);
  const volume = axes.reduce((size, { patch }) => size * patch, 1);
  const count = batch * channels * plane;
  const params: Record<string, number> = { count, channels, plane, volume };
  axes.forEach(({ length, patch }, a) =>
    Object.assign(params, { [`n${a}`]: length, [`p${a}`]: patch })
  );
  // From the last axis, along which neighbours lie side by side, to the first.
  const steps = axes.map((_, a) => `
  pixel += stride * ((token % (p.n${a} / p.p${a})) * p.p${a} + feature % p.p${a});
  token /= p.n${a} / p.p${a};
  feature /= p.p${a};
  stride *= p.n${a};`).reverse().join("");
  return launch(
    inverse ? "depatchify" : "patchify",
    params,
    [read("x"), write("y")],
    linearGrid(count),
    forEach(
      "p.count",
      `
  var feature = i % (p.channels * p.volume);
  var token = (i / (p.channels * p.volume)) % (p.plane / p.volume);
  var pixel = (i / (p.channels * p.plane)) * p.channels * p.plane;
  var stride = 1u;${steps}
  pixel += feature * p.plane;
  ${inverse ? "y[pixel] = x[i];" : "y[i] = x[pixel];"}`,
    ),
  );
}

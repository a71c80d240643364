/**
 * Small kernels that work element by element, four floats at a time where sizes allow.
 *
 * @module
 */
import type { PatchedAxis } from "../shapes.ts";
import { forEach, laneWidth, type Launch, launch, linearGrid, read } from "./kernel.ts";
import { input, type OperandTypes, output } from "./operand.ts";

/** y += x. Binds x, y. */
export function addInto(
  { size, types = {} }: { size: number; types?: OperandTypes<"x" | "y"> },
): Launch {
  const width = laneWidth(size);
  const [x, y] = [input("x", width, types.x), output("y", width, types.y)];
  return launch(
    "add",
    { count: size / width },
    [x.binding, y.binding],
    linearGrid(size / width),
    forEach("p.count", `  ${y.put("i", `${y.at("i")} + ${x.at("i")}`)}`),
  );
}

/**
 * y (outer, inner) = x (outer, inner) + table (inner), for each row; if `previous`, plus previous (outer,
 * inner) where mask (outer) is 1. Binds x, table, (previous, mask,) y.
 */
export function addRows(
  { outer, inner, previous = false, types = {} }: {
    outer: number;
    inner: number;
    previous?: boolean;
    types?: OperandTypes<"x" | "table" | "previous" | "y">;
  },
): Launch {
  const width = laneWidth(inner);
  const [x, table] = [input("x", width, types.x), input("table", width, types.table)];
  const before = input("previous", width, types.previous);
  const y = output("y", width, types.y);
  const count = outer * inner / width;
  return launch(
    "add rows",
    { count, inner: inner / width },
    [
      x.binding,
      table.binding,
      previous && before.binding,
      previous && read("mask"),
      y.binding,
    ],
    linearGrid(count),
    forEach(
      "p.count",
      `  ${
        y.put(
          "i",
          `${x.at("i")} + ${table.at("i % p.inner")}${
            previous ? ` + mask[i / p.inner] * ${before.at("i")}` : ""
          }`,
        )
      }`,
    ),
  );
}

/**
 * The latents that a pass begins with, (batch, m, d): start (m, d), plus time (batch, d) for each of
 * the m; if `previous`, plus previous (batch, m, d) where mask (batch) is 1. Binds start, time,
 * (previous, mask,) y.
 */
export function beginLatents(
  { batch, m, d, previous, types = {} }: {
    batch: number;
    m: number;
    d: number;
    previous: boolean;
    types?: OperandTypes<"start" | "time" | "previous" | "y">;
  },
): Launch {
  const width = laneWidth(d);
  const [start, time] = [input("start", width, types.start), input("time", width, types.time)];
  const before = input("previous", width, types.previous);
  const y = output("y", width, types.y);
  const count = batch * m * d / width;
  return launch(
    "begin latents",
    { count, each: m * d / width, d: d / width },
    [
      start.binding,
      time.binding,
      previous && before.binding,
      previous && read("mask"),
      y.binding,
    ],
    linearGrid(count),
    forEach(
      "p.count",
      `
  let b = i / p.each;
  var z = ${start.at("i % p.each")};
  ${previous ? `z += mask[b] * ${before.at("i")};` : ""}
  ${y.put("i", `z + ${time.at("b * p.d + i % p.d")}`)}`,
    ),
  );
}

/** y = x. Binds x, y. */
export function copy(
  { size, types = {} }: { size: number; types?: OperandTypes<"x" | "y"> },
): Launch {
  const width = laneWidth(size);
  const [x, y] = [input("x", width, types.x), output("y", width, types.y)];
  return launch(
    "copy",
    { count: size / width },
    [x.binding, y.binding],
    linearGrid(size / width),
    forEach("p.count", `  ${y.put("i", x.at("i"))}`),
  );
}

/** y = mask (batch) * x (batch, each). Binds x, mask, y. */
export function maskRows(
  { batch, each, types = {} }: { batch: number; each: number; types?: OperandTypes<"x" | "y"> },
): Launch {
  const width = laneWidth(each);
  const [x, y] = [input("x", width, types.x), output("y", width, types.y)];
  const count = batch * each / width;
  return launch(
    "mask rows",
    { count, each: each / width },
    [x.binding, read("mask"), y.binding],
    linearGrid(count),
    forEach("p.count", `  ${y.put("i", `mask[i / p.each] * ${x.at("i")}`)}`),
  );
}

/**
 * Cuts images (batch, channels, y, x) or clips (batch, channels, time, y, x) into patches (batch,
 * tokens, channels times the elements of a patch), tokens row-major over the grid, features ordered (channel, then the
 * axes), or puts them together again. Binds x, y.
 */
export function patches(
  { batch, channels, axes, inverse, types = {} }: {
    batch: number;
    channels: number;
    axes: readonly PatchedAxis[];
    inverse: boolean;
    types?: OperandTypes<"x" | "y">;
  },
): Launch {
  const [x, y] = [input("x", 1, types.x), output("y", 1, types.y)];
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
    [x.binding, y.binding],
    linearGrid(count),
    forEach(
      "p.count",
      `
  var feature = i % (p.channels * p.volume);
  var token = (i / (p.channels * p.volume)) % (p.plane / p.volume);
  var pixel = (i / (p.channels * p.plane)) * p.channels * p.plane;
  var stride = 1u;${steps}
  pixel += feature * p.plane;
  ${inverse ? y.put("pixel", x.at("i")) : y.put("i", x.at("pixel"))}`,
    ),
  );
}

/**
 * Sums in a fixed order, so that the same input gives the same bits.
 *
 * @module
 */
import { PARTIALS } from "../shapes.ts";
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

/**
 * y (outer, inner) = the sum of x (outer, middle, inner) over its middle axis, in order. x can be a
 * window onto wider rows: (outer, middle, stride); `inner` elements of each, from `start` on,
 * count. Binds x, y (whose first element is `origin`).
 */
export function sumMiddle(
  { outer, middle, inner, stride = inner, start = 0, accumulate = false, origin = 0 }: {
    outer: number;
    middle: number;
    inner: number;
    stride?: number;
    start?: number;
    accumulate?: boolean;
    origin?: number;
  },
): Launch {
  const width = laneWidth(inner, stride, start, origin);
  const lane = laneType(width);
  const count = outer * inner / width;
  return launch(
    "sum rows",
    {
      count,
      middle,
      inner: inner / width,
      stride: stride / width,
      start: start / width,
      origin: origin / width,
    },
    [read("x", `array<${lane}>`), write("y", `array<${lane}>`)],
    linearGrid(count),
    forEach(
      "p.count",
      `
  let first = (i / p.inner) * p.middle * p.stride + p.start + i % p.inner;
  var sum = ${lane}();
  for (var k = 0u; k < p.middle; k++) { sum += x[first + k * p.stride]; }
  y[p.origin + i] = ${accumulate ? "y[p.origin + i] + " : ""}sum;`,
    ),
  );
}

/**
 * out (size) = the sum of a product's parts (count, size), in order, and sums (m) = that of the parts
 * of its column sums (count, m). Binds parts, out, and with `m` partSums, sums.
 */
export function sumParts(
  { count, size, m = 0, accumulate = false, origins: { out = 0, sums = 0 } }: {
    count: number;
    size: number;
    m?: number;
    accumulate?: boolean;
    origins: { readonly out?: number; readonly sums?: number };
  },
): Launch {
  const sum = (parts: string, size: string) =>
    `var sum = 0.0;
  for (var part = 0u; part < p.count; part++) { sum += ${parts}[part * ${size} + i]; }`;
  return launch(
    "sum parts",
    { count, size, m, out, sums },
    [read("parts"), write("out"), m > 0 && read("partSums"), m > 0 && write("sums")],
    linearGrid(size),
    forEach(
      "p.size",
      `  ${sum("parts", "p.size")}
  out[p.out + i] = ${accumulate ? "out[p.out + i] + " : ""}sum;
  ${m > 0 ? `if (i < p.m) { ${sum("partSums", "p.m")} sums[p.sums + i] = sum; }` : ""}`,
    ),
  );
}

/** Partial sums of x (size) and of its squares: partial (1024, 2). Binds x, partial. */
export function partialMoments({ size }: { size: number }): Launch {
  return launch(
    "moments",
    { size, count: PARTIALS },
    [read("x"), write("partial")],
    linearGrid(PARTIALS),
    forEach(
      "p.count",
      `
  var sum = 0.0;
  var squares = 0.0;
  for (var k = i; k < p.size; k += p.count) { let v = x[k]; sum += v; squares += v * v; }
  partial[2u * i] = sum;
  partial[2u * i + 1u] = squares;`,
    ),
  );
}

/** WGSL: `totals()`, the sum over `partial` (1024, 2), in order. */
export const totals = `
fn totals() -> vec2<f32> {
  var sum = vec2<f32>();
  for (var k = 0u; k < ${PARTIALS}u; k++) { sum += vec2<f32>(partial[2u * k], partial[2u * k + 1u]); }
  return sum;
}
`;

/** Mean, standard deviation and Euclidean norm of x (size) from its partial sums. Binds partial, y. */
export function moments({ size, at }: { size: number; at: number }): Launch {
  return launch(
    "moments",
    { size, at },
    [read("partial"), write("y")],
    [1, 1, 1],
    `${totals}
@compute @workgroup_size(1)
fn main() {
  let sum = totals();
  let mean = sum.x / f32(p.size);
  y[p.at] = mean;
  y[p.at + 1u] = sqrt(max(0.0, sum.y / f32(p.size) - mean * mean));
  y[p.at + 2u] = sqrt(sum.y);
}
`,
  );
}

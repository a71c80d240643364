/**
 * Sums in a fixed order, so that the same input gives the same bits.
 *
 * @module
 */
import { PARTIALS } from "../shapes.ts";
import {
  forEach,
  GROUP,
  groupGrid,
  LANES,
  laneSum,
  laneType,
  laneWidth,
  type Launch,
  launch,
  linearGrid,
  read,
  treeSum,
  write,
} from "./kernel.ts";
import { input, type OperandTypes, output } from "./operand.ts";

/**
 * y (outer, inner) = the sum of x (outer, middle, inner) over its middle axis, in a fixed order. x can be a
 * window onto wider rows: (outer, middle, stride); `inner` elements of each, from `start` on,
 * count. Binds x, y (whose first element is `origin`).
 */
export function sumMiddle(
  { outer, middle, inner, stride = inner, start = 0, accumulate = false, origin = 0, types = {} }: {
    outer: number;
    middle: number;
    inner: number;
    stride?: number;
    start?: number;
    accumulate?: boolean;
    origin?: number;
    types?: OperandTypes<"x" | "y">;
  },
): Launch {
  const width = laneWidth(inner, stride, start, origin);
  const lane = laneType(width);
  const [x, y] = [input("x", width, types.x), output("y", width, types.y)];
  const count = outer * inner / width;
  // Invocations that share a long sum.
  const share = middle < 16 ? 1 : 16;
  const columns = LANES / share;
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
    [x.binding, y.binding],
    groupGrid(Math.ceil(count / columns)),
    `var<workgroup> shares: array<array<${lane}, ${columns}>, ${share}>;
@compute @workgroup_size(${columns}, ${share})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) id: vec3<u32>) {
  let i = ${GROUP} * ${columns}u + id.x;
  let first = (i / p.inner) * p.middle * p.stride + p.start + i % p.inner;
  var own = ${lane}();
  if (i < p.count) {
    for (var k = id.y; k < p.middle; k += ${share}u) { own += ${x.at("first + k * p.stride")}; }
  }
  shares[id.y][id.x] = own;
  workgroupBarrier();
  if (id.y > 0u || i >= p.count) { return; }
  let sum = ${treeSum(share, (y) => `shares[${y}][id.x]`)};
  ${y.put("p.origin + i", `${accumulate ? `${y.at("p.origin + i")} + ` : ""}sum`)}
}
`,
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

/**
 * WGSL: `fold(lane, value)`, the sum over the invocations of a workgroup, by halves; all of them call
 * it.
 */
export function fold(type: string, lanes: number): string {
  return `var<workgroup> folded: array<${type}, ${lanes}>;
fn fold(lane: u32, value: ${type}) -> ${type} {
  folded[lane] = value;
  for (var half = ${lanes / 2}u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) { folded[lane] += folded[lane + half]; }
  }
  workgroupBarrier();
  return folded[0];
}
`;
}

/** Numbers of which an invocation adds up every 65,536th. */
export const PARTIAL_STRIDE = PARTIALS * LANES;

/**
 * The entry point of a kernel with a workgroup for each of 1024 partial sums: `body` adds to `sum` and `squares`
 * what it finds from `i` on, PARTIAL_STRIDE apart. Each workgroup's go to partial (1024, 2).
 */
export function partialSums(type: string, total: (sum: string) => string, body: string): string {
  return `${fold("vec2<f32>", LANES)}
@compute @workgroup_size(${LANES})
fn main(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = id.x;
  var sum = ${type}();
  var squares = ${type}();
${body}
  let both = fold(lane, vec2<f32>(${total("sum")}, ${total("squares")}));
  if (lane == 0u) {
    partial[2u * group.x] = both.x;
    partial[2u * group.x + 1u] = both.y;
  }
}
`;
}

/** Partial sums of x (size) and of its squares: partial (1024, 2). Binds x, partial. */
export function partialMoments(
  { size, types = {} }: { size: number; types?: OperandTypes<"x"> },
): Launch {
  const width = laneWidth(size);
  const lane = laneType(width);
  const x = input("x", width, types.x);
  return launch(
    "moments",
    { count: size / width },
    [x.binding, write("partial")],
    [PARTIALS, 1, 1],
    partialSums(
      lane,
      (sum) => laneSum(width, sum),
      `  for (var k = i; k < p.count; k += ${PARTIAL_STRIDE}u) {
    let v = ${x.at("k")};
    sum += v;
    squares += v * v;
  }`,
    ),
  );
}

/** Invocations that add up partial sums. */
export const TOTAL_LANES = 256;

/** WGSL: all invocations' `fold` of a sum over `k` of `value`, from partial sums (1024, 2). */
export const total = (value: string): string =>
  `  var own = vec2<f32>();
  for (var k = lane; k < ${PARTIALS}u; k += ${TOTAL_LANES}u) { own += ${value}; }
  let sum = fold(lane, own);`;

/** Mean, standard deviation and Euclidean norm of x (size) from its partial sums. Binds partial, y. */
export function moments({ size, at }: { size: number; at: number }): Launch {
  return launch(
    "moments",
    { size, at },
    [read("partial"), write("y")],
    [1, 1, 1],
    `${fold("vec2<f32>", TOTAL_LANES)}
@compute @workgroup_size(${TOTAL_LANES})
fn main(@builtin(local_invocation_index) lane: u32) {
${total("vec2<f32>(partial[2u * k], partial[2u * k + 1u])")}
  if (lane > 0u) { return; }
  let mean = sum.x / f32(p.size);
  y[p.at] = mean;
  y[p.at + 1u] = sqrt(max(0.0, sum.y / f32(p.size) - mean * mean));
  y[p.at + 2u] = sqrt(sum.y);
}
`,
  );
}

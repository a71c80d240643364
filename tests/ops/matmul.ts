// Products in every layout, what follows them, and slabs that operands lie in.

import type { Activation, Layout, SizesOf } from "../../src/graph/ops.ts";
import { data } from "../helpers/close.ts";
import { activation as activate, activationDerivative } from "../reference/activation.ts";
import { matmul as product } from "../reference/matmul.ts";
import { of, type OpCase, type Operand, unwritten } from "./case.ts";

/** Errors grow with the square root of k; a dropped element would be 1e-3. */
const RELATIVE = 2e-6;

const LAYOUTS: readonly Layout[] = ["nt", "nn", "tn"];

/** Rows, columns, and the length of the sum. */
export type Shape = readonly [m: number, n: number, k: number];

/** Each size beside those of tiles, panels, slices and vectors. */
const SHAPES: readonly Shape[] = [
  [1, 1, 1],
  [1, 5, 3],
  [9, 1, 2],
  [7, 9, 5],
  [6, 8, 4],
  [8, 10, 12],
  [10, 8, 12],
  [4, 4, 4],
  [5, 15, 13],
  [12, 20, 16],
  [65, 67, 33],
  [68, 132, 36],
  [133, 70, 129],
  [97, 3, 300],
  [13, 65, 1031],
];

type Optional = "bias" | "residual" | "pre" | "sums";

/** What follows a product. */
export interface Epilogue {
  readonly operands?: readonly Optional[];
  readonly activation?: Activation;
  readonly derivative?: Activation;
  readonly accumulate?: boolean;
}

/** Every combination that a network has, and all at once. */
export const EPILOGUES: readonly Epilogue[] = [
  { operands: ["bias"] },
  { operands: ["bias", "residual"] },
  { operands: ["bias", "pre"], activation: "gelu" },
  { operands: ["bias", "pre", "residual"], activation: "silu", accumulate: true },
  { accumulate: true },
  { operands: ["pre"], derivative: "gelu" },
  { operands: ["pre", "residual"], derivative: "silu", accumulate: true },
];

/** A product of random numbers: the first rows of every operand are the same whatever m is. */
export function matmul(
  layout: Layout,
  [m, n, k]: Shape,
  { operands: roles = [], ...flags }: Epilogue = {},
  at: { readonly [role: string]: number } = {},
): OpCase<"matmul"> {
  const has = (role: Optional) => roles.includes(role);
  const transA = layout === "tn";
  const [a, b, bias, residual, kept, held] = [m * k, k * n, n, m * n, m * n, m * n].map((size, i) =>
    data(size, 1 + i, i === 4 ? 2 : 1)
  );
  const pre = product(a, b, { m, n, k, transA, transB: layout === "nt" })
    .map((sum, i) => sum + (has("bias") ? bias[i % n] : 0));
  const out = pre.map((value, i) => {
    let y = flags.activation ? activate(flags.activation, value) : value;
    if (flags.derivative) y *= activationDerivative(flags.derivative, kept[i]);
    if (has("residual")) y += residual[i];
    return flags.accumulate ? y + held[i] : y;
  });
  const sums = new Float64Array(m);
  if (transA) { for (let i = 0; i < m * k; i++) sums[i % m] += a[i]; }
  const all: Record<string, Operand> = {
    a: transA ? of(a, k, m) : of(a, m, k),
    b: layout === "nt" ? of(b, n, k) : of(b, k, n),
    bias: of(bias),
    residual: of(residual, m, n),
    pre: flags.derivative ? of(kept, m, n) : unwritten(m, n),
    out: flags.accumulate ? of(held, m, n) : unwritten(m, n),
    sums: unwritten(m),
  };
  const used = ["a", "b", "out", ...roles];
  const results = { out, ...flags.activation && { pre }, ...has("sums") && { sums } };
  const sizes: SizesOf<"matmul"> = { layout, m, n, k, ...flags };
  return {
    name: "matmul",
    title: JSON.stringify({ ...sizes, roles, at }),
    sizes,
    operands: Object.fromEntries(used.map((role) => [role, { ...all[role], at: at[role] }])),
    expected: Object.fromEntries(
      Object.entries(results)
        .filter(([role]) => used.includes(role))
        .map(([role, values]) => [role, { values, tolerance: RELATIVE }]),
    ),
  };
}

/** First elements within slabs: odd ones, and beyond what WebGPU aligns bindings to. */
const PLACES = [
  { a: 7, b: 12, bias: 1, out: 3, sums: 5 },
  { a: 64, b: 71, bias: 129, out: 67, sums: 200 },
];

const placed = LAYOUTS.flatMap((layout) =>
  PLACES.map((at) =>
    matmul(layout, [10, 13, 7], { operands: layout === "tn" ? ["bias", "sums"] : ["bias"] }, at)
  )
);

/** First elements at multiples of 4, so that vectors are read and written. */
const EVEN = { a: 68, b: 8, bias: 4, out: 12, sums: 3 };

const even = LAYOUTS.map((layout) =>
  matmul(layout, [12, 16, 20], { operands: layout === "tn" ? ["sums"] : ["bias"] }, EVEN)
);

/** Sums so long that they are taken in parts. */
const long = [...PLACES, EVEN].map((at) =>
  matmul("tn", [12, 16, 1100], { operands: ["sums"], accumulate: true }, at)
);

/** Sums of the columns of a, beside the product. */
const sums = ([[1, 1, 9], [67, 69, 35], [68, 132, 36], [130, 3, 1031]] as const).flatMap((shape) =>
  [false, true].map((accumulate) => matmul("tn", shape, { operands: ["sums"], accumulate }))
);

export const CASES: readonly OpCase[] = [
  ...LAYOUTS.flatMap((layout) => SHAPES.map((shape) => matmul(layout, shape))),
  // In the middle of a tile in both directions.
  ...LAYOUTS.flatMap((layout) =>
    EPILOGUES.map((epilogue) => matmul(layout, [67, 69, 35], epilogue))
  ),
  ...LAYOUTS.map((layout) =>
    matmul(layout, [13, 65, 1031], { operands: ["bias", "residual"], accumulate: true })
  ),
  ...sums,
  ...placed,
  ...even,
  ...long,
];

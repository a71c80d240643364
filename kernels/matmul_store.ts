/**
 * The end of a matrix kernel: an invocation's tile handed over to the epilogue.
 *
 * @module
 */
import { unroll } from "./kernel.ts";
import type { BodyOptions } from "./matmul_layout.ts";

/**
 * WGSL that stores the registers s0_0, s0_1, ... of a tile at (row, col), a row at a time, and the
 * column sums t0, t1, ... where there are some.
 */
export function storeTile(
  rows: number,
  cols: number,
  { storeWidth: width, bias, columnSums }: BodyOptions,
): string {
  const groups = cols / width;
  const sum = (r: number, g: number) => {
    const parts = unroll(width, (c) => `s${r}_${g * width + c}`, ", ");
    return `${width === 4 ? `vec4<f32>(${parts})` : parts}${bias ? ` + c${g}` : ""}`;
  };
  const row = (r: number) =>
    `  if (row + ${r}u < p.m) {
    ${unroll(groups, (g) => `store(row + ${r}u, col + ${g * width}u, ${sum(r, g)});`, "\n    ")}
    ${columnSums ? `if (col == 0u) { sums[p.sums + row + ${r}u] = t${r}; }` : ""}
  }`;
  const last = `(p.n - 1u) / ${width}u`;
  const biases = unroll(
    groups,
    (g) => `  let c${g} = bias[p.bias + min(col / ${width}u + ${g}u, ${last})];`,
  );
  return `${bias ? `${biases}\n` : ""}${unroll(rows, row)}`;
}

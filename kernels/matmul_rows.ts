/**
 * Matrix products for software adapters: an invocation holds a tile of the result in registers and
 * loads straight from storage, four floats at a time. Workgroup memory is slow there, and lanes
 * pay for every load, so the tile is as large as the registers allow.
 *
 * @module
 */
import { unroll } from "./kernel.ts";
import type { BodyOptions, MatmulBody } from "./matmul_layout.ts";
import { storeTile } from "./matmul_store.ts";

const ROWS = 8;
const COLS = 8;
const LANES_X = 8;

/** The entry point of this family. */
export function rowsBody(options: BodyOptions): MatmulBody {
  const { layout, width, columnSums } = options;
  const loop = { nt: ntLoop, nn: nnLoop, tn: tnLoop }[layout];
  return {
    workgroups: (m, n) => [Math.ceil(n / (COLS * LANES_X)), Math.ceil(m / ROWS), 1],
    code: `@compute @workgroup_size(${LANES_X})
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let row = id.y * ${ROWS}u;
  let col = id.x * ${COLS}u;
  if (col >= p.n) { return; }
  ${unroll(ROWS, (r) => unroll(COLS, (c) => `var s${r}_${c} = 0.0;`, " "), "\n  ")}
  ${columnSums ? unroll(ROWS, (r) => `var t${r} = 0.0;`, " ") : ""}
${loop(width, columnSums)}
${storeTile(ROWS, COLS, options)}
}
`,
  };
}

const parts = (width: 1 | 4) => width === 4 ? [".x", ".y", ".z", ".w"] : [""];

// Rows of a and of b are both contiguous along k.
function ntLoop(width: 1 | 4): string {
  const product = (r: number, c: number) =>
    `s${r}_${c} += ${width === 4 ? `dot(x, w${c})` : `x * w${c}`};`;
  return `  let steps = p.k / ${width}u;
  ${unroll(ROWS, (r) => `let a${r} = p.a + min(row + ${r}u, p.m - 1u) * steps;`, "\n  ")}
  ${unroll(COLS, (c) => `let b${c} = p.b + min(col + ${c}u, p.n - 1u) * steps;`, "\n  ")}
  for (var k = 0u; k < steps; k++) {
    ${unroll(COLS, (c) => `let w${c} = b[b${c} + k];`, "\n    ")}
    ${
    unroll(ROWS, (r) =>
      `{
      let x = a[a${r} + k];
      ${unroll(COLS, (c) => product(r, c), " ")}
    }`, "\n    ")
  }
  }`;
}

// Each of `width` rows of b meets one component of a's row.
function nnLoop(width: 1 | 4): string {
  const step = parts(width);
  const product = (r: number, c: number) => {
    const terms = step.map((part, q) =>
      `x${part} * w${q}_${Math.floor(c / width)}${step[c % width]}`
    );
    return `s${r}_${c} += ${terms.join(" + ")};`;
  };
  const loads = (q: number) =>
    unroll(COLS / width, (c) => `let w${q}_${c} = b[b0 + ${q}u * stride + c${c}];`, " ");
  return `  let steps = p.k / ${width}u;
  let stride = p.n / ${width}u;
  ${unroll(ROWS, (r) => `let a${r} = p.a + min(row + ${r}u, p.m - 1u) * steps;`, "\n  ")}
  ${unroll(COLS / width, (c) => `let c${c} = min(col / ${width}u + ${c}u, stride - 1u);`, "\n  ")}
  for (var k = 0u; k < steps; k++) {
    let b0 = p.b + k * ${width}u * stride;
    ${unroll(width, loads, "\n    ")}
    ${
    unroll(ROWS, (r) =>
      `{
      let x = a[a${r} + k];
      ${unroll(COLS, (c) => product(r, c), " ")}
    }`, "\n    ")
  }
  }`;
}

// Both operands are read along their rows, k being the slow axis of both: an outer product a step.
function tnLoop(width: 1 | 4, columnSums: boolean): string {
  const step = parts(width);
  const part = (name: string, i: number) => `${name}${Math.floor(i / width)}${step[i % width]}`;
  const places = (count: number, name: string, side: string) =>
    unroll(
      count / width,
      (c) => `let ${name}${c} = min(${side} / ${width}u + ${c}u, ${name}Stride - 1u);`,
      "\n  ",
    );
  const products = (r: number) =>
    unroll(COLS, (c) => `s${r}_${c} += ${part("x", r)} * ${part("y", c)};`, " ");
  return `  let iStride = p.m / ${width}u;
  let jStride = p.n / ${width}u;
  ${places(ROWS, "i", "row")}
  ${places(COLS, "j", "col")}
  for (var k = 0u; k < p.k; k++) {
    let a0 = p.a + k * iStride;
    let b0 = p.b + k * jStride;
    ${unroll(ROWS / width, (r) => `let x${r} = a[a0 + i${r}];`, " ")}
    ${unroll(COLS / width, (c) => `let y${c} = b[b0 + j${c}];`, " ")}
    ${unroll(ROWS, products, "\n    ")}
    ${columnSums ? unroll(ROWS, (r) => `t${r} += ${part("x", r)};`, " ") : ""}
  }`;
}

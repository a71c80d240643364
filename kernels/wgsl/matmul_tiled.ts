/**
 * Matrix products for GPUs: a workgroup computes a square tile of results, an invocation some rows
 * and columns of them, from slices of both operands that it first brings into workgroup memory.
 * While it multiplies a slice, the next one is on its way into registers. Bias, activation and
 * residual are done before the result leaves the registers.
 *
 * @module
 */
import { type EpilogueOptions, finish, functions } from "./epilogue.ts";
import {
  GROUP,
  groupGrid,
  laneType,
  laneWidth,
  type Launch,
  launch,
  unroll,
  write,
} from "./kernel.ts";
import { input, type OperandTypes, output } from "./operand.ts";
import { type Slices, slices } from "./tile_slices.ts";
import { invocationsOf, type ProductSizes, type Tile, tileFor, unrolledDepth } from "./tiles.ts";

/** A matrix product and its epilogue. */
export interface TiledOptions extends ProductSizes, EpilogueOptions {
  /** Adds `bias` (n) first of all. */
  readonly bias?: boolean;
  /** Layout tn: also writes the sums of a's columns (m), the gradient of the bias, to `sums`. */
  readonly columnSums?: boolean;
  /**
   * Cuts the sum into parts of this much of k, a multiple of 32. Then `out` is (parts, m, n), `sums`
   * (parts, m). Default: k.
   */
  readonly part?: number;
  /** What they hold; everything else is f32. */
  readonly types?: OperandTypes<"a" | "b" | "bias" | "residual" | "pre" | "out">;
  /** First element of each matrix or vector within its binding; default 0. */
  readonly origins?: Partial<Record<"a" | "b" | "bias" | "out" | "sums", number>>;
  /** Default: by the sizes. The bits of the result don't depend on it. */
  readonly tile?: Tile;
}

/**
 * A product of this family. Binds a, b, then as requested bias, residual, pre (for `derivative`),
 * then out, and as requested pre (for `keepPre`), sums.
 *
 * @throws {RangeError} when column sums are requested of a layout other than tn
 */
export function matmulTiled(options: TiledOptions): Launch {
  const { layout, m, n, k, origins = {}, types = {}, bias, columnSums = false } = options;
  if (columnSums && layout !== "tn") {
    throw new RangeError(`Cannot build matmul: columnSums needs layout tn, got ${layout}`);
  }
  const { part = k, tile = tileFor(options, part) } = options;
  const { a, b, bias: biasAt = 0, out = 0, sums = 0 } = origins;
  const [left, right] = [
    slices(
      { name: "a", lines: "m", sizes: options, alongK: layout !== "tn", origin: a, type: types.a },
      tile,
    ),
    slices(
      { name: "b", lines: "n", sizes: options, alongK: layout === "nt", origin: b, type: types.b },
      tile,
    ),
  ];
  const width = laneWidth(n, out, biasAt);
  const added = input("bias", width, types.bias);
  const residual = input("residual", width, types.residual);
  const pre = output("pre", width, types.pre);
  const result = output("out", width, types.out);
  return launch(
    "matmul",
    {
      ...{ m, n, k, part, a: left.origin, b: right.origin },
      ...{ bias: biasAt / width, out: out / width, sums },
    },
    [
      left.binding,
      right.binding,
      bias === true && added.binding,
      options.residual === true && residual.binding,
      options.derivative !== undefined && input("pre", width, types.pre).binding,
      result.binding,
      options.keepPre === true && pre.binding,
      columnSums && write("sums"),
    ],
    groupGrid(Math.ceil(n / tile.side) * Math.ceil(m / tile.side) * Math.ceil(k / part)),
    `alias T = ${laneType(width)};
${functions(options)}
fn store(part: u32, row: u32, col: u32, sum: T) {
  let width = p.n / ${width}u;
  if (row >= p.m || col >= width) { return; }
  let i = (part * p.m + row) * width + col;
  var y = sum${bias ? ` + ${added.at("p.bias + col")}` : ""};
${options.keepPre ? `  ${pre.put("i", "y")}\n` : ""}${
      finish(options, { pre, residual, out: result })
    }  ${result.put("p.out + i", "y")}
}
${entryPoint(tile, left, right, width, columnSums)}`,
    2 * m * n * k,
  );
}

/** Results are rows of vec4, s<row>_<quad of columns>; quads of neighbouring invocations are neighbours. */
function entryPoint(
  tile: Tile,
  left: Slices,
  right: Slices,
  width: 1 | 4,
  columnSums: boolean,
): string {
  const { side, rows, columns, depth } = tile;
  const [across, down] = invocationsOf(tile);
  const quads = columns / 4;
  const unrolled = unrolledDepth(tile);
  const both = (line: (row: number, quad: number) => string, separator: string) =>
    unroll(rows, (row) => unroll(quads, (quad) => line(row, quad), " "), separator);
  // Rows of a as vec4, or the one row as a number.
  const lefts = Math.ceil(rows / 4);
  const leftType = laneType(rows === 1 ? 1 : 4);
  const ofRow = (name: string, row: number) =>
    rows === 1 ? `${name}0` : `${name}${row >> 2}[${row % 4}]`;
  const step = (d: number) =>
    `{
        ${
      unroll(
        lefts,
        (i) =>
          `let x${i} = aTile[slice][${d}]${
            rows === 1 ? "[id.y / 4u][id.y % 4u]" : `[id.y * ${lefts}u + ${i}u]`
          };`,
        " ",
      )
    }
        ${unroll(quads, (i) => `let y${i} = bTile[slice][${d}][id.x + ${i * across}u];`, " ")}
        ${
      both(
        (row, quad) =>
          `s${row}_${quad} = fma(vec4<f32>(${ofRow("x", row)}), y${quad}, s${row}_${quad});`,
        "\n        ",
      )
    }
        ${columnSums ? unroll(lefts, (i) => `t${i} += x${i};`, " ") : ""}
      }`;
  const store = (row: number, quad: number) => {
    const at = `col0 / 4u + id.x + ${quad * across}u`;
    return width === 4
      ? `store(part, row + ${row}u, ${at}, s${row}_${quad});`
      : `for (var j = 0u; j < 4u; j++) { store(part, row + ${row}u, (${at}) * 4u + j, s${row}_${quad}[j]); }`;
  };
  return `${left.declaration}
${right.declaration}

@compute @workgroup_size(${across}, ${down})
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_id) id: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let tilesAcross = (p.n + ${side - 1}u) / ${side}u;
  let tilesDown = (p.m + ${side - 1}u) / ${side}u;
  let tile = ${GROUP};
  let tileRow = tile / tilesAcross;
  let part = tileRow / tilesDown;
  if (part * p.part >= p.k) { return; }
  let aLine = tileRow % tilesDown * ${side}u;
  let bLine = tile % tilesAcross * ${side}u;
  var next = part * p.part;
  ${left.begin}
  ${right.begin}
  let end = min(p.k, (part + 1u) * p.part);
  ${left.fetch}
  ${right.fetch}
  ${both((row, quad) => `var s${row}_${quad} = vec4<f32>();`, "\n  ")}
  ${columnSums ? unroll(lefts, (i) => `var t${i} = ${leftType}();`, " ") : ""}
  while (next < end) {
    ${left.keep}
    ${right.keep}
    workgroupBarrier();
    next += ${depth}u;
    if (next < end) {
      ${left.fetch}
      ${right.fetch}
    }
    for (var slice = 0u; slice < ${depth / unrolled}u; slice++) {
      ${unroll(unrolled, step, "\n      ")}
    }
    workgroupBarrier();
  }
  let row = aLine + id.y * ${rows}u;
  let col0 = bLine;
  ${both(store, "\n  ")}
  ${
    columnSums
      ? `if (bLine == 0u && id.x == 0u) {
    ${
        unroll(
          rows,
          (r) =>
            `if (row + ${r}u < p.m) { sums[p.sums + part * p.m + row + ${r}u] = ${
              ofRow("t", r)
            }; }`,
          "\n    ",
        )
      }
  }`
      : ""
  }
}
`;
}

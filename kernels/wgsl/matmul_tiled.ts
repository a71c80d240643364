/**
 * Matrix products for GPUs: a workgroup of 16 x 16 invocations computes a 64 x 64 tile, 4 x 4 each,
 * from slices of both operands, 16 deep, that it first brings into workgroup memory. Bias,
 * activation and residual are done before the result leaves the registers.
 *
 * @module
 */
import type { Layout } from "../shapes.ts";
import { type EpilogueOptions, finish, functions } from "./epilogue.ts";
import { type Launch, launch, read, unroll, write } from "./kernel.ts";
import { type Parameter, parameter } from "./parameter.ts";
import type { FloatType } from "../shapes.ts";

const TILE = 64;
const DEPTH = 16;
const SIDE = 16;
const EACH = TILE / SIDE;

/** A matrix product and its epilogue. */
export interface TiledOptions extends EpilogueOptions {
  /** Which operand is stored transposed. */
  readonly layout: Layout;
  /** Rows of `out`. */
  readonly m: number;
  /** Columns of `out`. */
  readonly n: number;
  /** What is summed over. */
  readonly k: number;
  /** Adds `bias` (n) first of all. */
  readonly bias?: boolean;
  /** Layout tn: also writes the sums of a's columns (m), the gradient of the bias, to `sums`. */
  readonly columnSums?: boolean;
  /** What numbers those hold that may be parameters. Default f32. */
  readonly types?: { readonly b?: FloatType; readonly bias?: FloatType };
  /** First element of each matrix or vector within what is bound; 0 where not given. */
  readonly origins?: Partial<Record<"a" | "b" | "bias" | "out" | "sums", number>>;
}

/**
 * A product of this family. Binds a, b, then where asked for bias, residual, pre (for
 * `derivative`), then out, and where asked for pre (for `keepPre`), sums.
 *
 * @throws {RangeError} when column sums are asked of a layout other than tn
 */
export function matmulTiled(options: TiledOptions): Launch {
  const { layout, m, n, k, origins = {}, types = {}, bias, columnSums = false } = options;
  if (columnSums && layout !== "tn") {
    throw new RangeError(`Cannot build matmul: columnSums needs layout tn, got ${layout}`);
  }
  const { a = 0, b = 0, bias: biasAt = 0, out = 0, sums = 0 } = origins;
  const weight = parameter("b", 1, types.b);
  const added = parameter("bias", 1, types.bias);
  return launch(
    "matmul",
    { m, n, k, a, b, bias: biasAt, out, sums },
    [
      read("a"),
      weight.binding,
      bias === true && added.binding,
      options.residual === true && read("residual"),
      options.derivative !== undefined && read("pre"),
      write("out"),
      options.keepPre === true && write("pre"),
      columnSums && write("sums"),
    ],
    [Math.ceil(n / TILE), Math.ceil(m / TILE), 1],
    `alias T = f32;
${functions(options)}
fn store(row: u32, col: u32, sum: T) {
  if (col >= p.n) { return; }
  let i = row * p.n + col;
  var y = sum${bias ? ` + ${added.at("p.bias + col")}` : ""};
${options.keepPre ? "  pre[i] = y;\n" : ""}${finish(options)}  out[p.out + i] = y;
}
${entryPoint(layout, columnSums, weight)}`,
    2 * m * n * k,
  );
}

// Neighbouring invocations load neighbouring floats: along k where that is the fast axis.
function loader(
  name: string,
  at: Parameter["at"],
  side: string,
  alongK: boolean,
  limit: string,
): string {
  const depth = alongK ? `index % ${DEPTH}u` : `index / ${TILE}u`;
  const lane = alongK ? `index / ${DEPTH}u` : `index % ${TILE}u`;
  const address = alongK ? "at * p.k + k" : `k * ${limit} + at`;
  return `for (var index = local; index < ${TILE * DEPTH}u; index += ${SIDE * SIDE}u) {
      let d = ${depth};
      let lane = ${lane};
      let k = k0 + d;
      let at = ${side}0 + lane;
      var value = 0.0;
      if (k < p.k && at < ${limit}) { value = ${at(`p.${name} + ${address}`)}; }
      ${name}Tile[d * ${TILE}u + lane] = value;
    }`;
}

function entryPoint(layout: Layout, columnSums: boolean, b: Parameter): string {
  const products = (r: number) => unroll(EACH, (c) => `s${r}_${c} += x${r} * y${c};`, " ");
  const stores = (r: number) =>
    `  if (row + ${r}u < p.m) {
    ${unroll(EACH, (c) => `store(row + ${r}u, col + ${c}u, s${r}_${c});`, "\n    ")}
    ${columnSums ? `if (col == 0u) { sums[p.sums + row + ${r}u] = t${r}; }` : ""}
  }`;
  return `var<workgroup> aTile: array<f32, ${TILE * DEPTH}>;
var<workgroup> bTile: array<f32, ${TILE * DEPTH}>;

@compute @workgroup_size(${SIDE}, ${SIDE})
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_id) id: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let row0 = group.y * ${TILE}u;
  let col0 = group.x * ${TILE}u;
  ${unroll(EACH, (r) => unroll(EACH, (c) => `var s${r}_${c} = 0.0;`, " "), "\n  ")}
  ${columnSums ? unroll(EACH, (r) => `var t${r} = 0.0;`, " ") : ""}
  for (var k0 = 0u; k0 < p.k; k0 += ${DEPTH}u) {
    ${loader("a", (index) => `a[${index}]`, "row", layout !== "tn", "p.m")}
    ${loader("b", b.at, "col", layout === "nt", "p.n")}
    workgroupBarrier();
    for (var d = 0u; d < ${DEPTH}u; d++) {
      let aAt = d * ${TILE}u + id.y * ${EACH}u;
      let bAt = d * ${TILE}u + id.x * ${EACH}u;
      ${unroll(EACH, (r) => `let x${r} = aTile[aAt + ${r}u];`, " ")}
      ${unroll(EACH, (c) => `let y${c} = bTile[bAt + ${c}u];`, " ")}
      ${unroll(EACH, products, "\n      ")}
      ${columnSums ? unroll(EACH, (r) => `t${r} += x${r};`, " ") : ""}
    }
    workgroupBarrier();
  }
  let row = row0 + id.y * ${EACH}u;
  let col = col0 + id.x * ${EACH}u;
${unroll(EACH, stores)}
}
`;
}

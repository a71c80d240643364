/**
 * Matrix products for software adapters, as sums of outer products: an invocation holds a tile of
 * the result in registers and, for each k, loads a piece of a row of a and of b straight from
 * storage, four floats at a time.
 *
 * There every load and store costs a branch and a bounds check for each lane, and compiling them
 * costs as much again. So the tile is large, the loop is the one layout with the fewest live
 * registers (operands are transposed first where needed), nothing is stored but the product, and
 * edges are met by clamping: what lies beyond is the last piece once more, computed and stored
 * twice by the same invocation. The ladder that led here is in docs/kernels.md.
 *
 * @module
 */
import { laneType, laneWidth, type Launch, launch, read, unroll, write } from "./kernel.ts";
import { type FloatType, type Parameter, parameter } from "./parameter.ts";

const LANES = 8;
// Below this many large tiles, small ones keep more cores busy.
const ENOUGH = 64;

/** out (m, n) = a' b, a (k, m), b (k, n). */
export interface OuterOptions {
  /** Rows of out. */
  readonly m: number;
  /** Columns of out. */
  readonly n: number;
  /** What is summed over. */
  readonly k: number;
  /** Begins with `bias` (n) instead of 0. */
  readonly bias?: boolean;
  /** Elements between the rows of a and b. */
  readonly strides: { readonly a: number; readonly b: number };
  /** What numbers those hold that may be parameters. Default f32. */
  readonly types?: { readonly b?: FloatType; readonly bias?: FloatType };
  /** First element of each within what is bound; 0 where not given. */
  readonly origins?: Partial<Record<"a" | "b" | "bias" | "out", number>>;
}

const tilesOf = (m: number, n: number, side: number) => Math.ceil(m / side) * Math.ceil(n / side);

/**
 * A product of this family. Binds a, b, bias, out; without a bias, anything in its place: whether
 * there is one is asked when running, so that one pipeline serves all products.
 */
export function matmulOuter(options: OuterOptions): Launch {
  const { m, n, k, bias = false, strides, types = {}, origins = {} } = options;
  const { a = 0, b = 0, bias: biasAt = 0, out = 0 } = origins;
  const width = laneWidth(a, b, biasAt, out, strides.a, strides.b, n);
  const side = tilesOf(m, n, 16) < ENOUGH ? 8 : 16;
  const array = `array<${laneType(width)}>`;
  const parameters = {
    b: parameter("b", width, types.b),
    bias: parameter("bias", width, types.bias),
  };
  const params = {
    m,
    n: n / width,
    k,
    a: a / width,
    b: b / width,
    aStride: strides.a / width,
    bStride: strides.b / width,
    hasBias: bias ? 1 : 0,
    bias: biasAt / width,
    out: out / width,
  };
  return launch(
    "matmul",
    params,
    [read("a", array), parameters.b.binding, parameters.bias.binding, write("out", array)],
    [Math.ceil(tilesOf(m, n, side) / LANES), 1, 1],
    entryPoint({ side, width, ragged: m % width !== 0, ...parameters }),
    2 * m * n * k,
  );
}

interface Variant {
  readonly side: number;
  readonly width: 1 | 4;
  /** Whether the last piece of a column of the result reaches beyond row m. */
  readonly ragged: boolean;
  readonly b: Parameter;
  readonly bias: Parameter;
}

function entryPoint({ side, width, ragged, b, bias }: Variant): string {
  const pieces = side / width;
  const lane = laneType(width);
  const part = (r: number) => `x${Math.floor(r / width)}${width === 4 ? `.${"xyzw"[r % 4]}` : ""}`;
  const rowOf = (r: number) => `i${Math.floor(r / width)} * ${width}u + ${r % width}u`;
  const store = (r: number) => {
    const pieceStores = unroll(pieces, (c) => `out[o${r} + j${c}] = s${r}_${c};`, " ");
    const body = `let o${r} = p.out + (${rowOf(r)}) * p.n; ${pieceStores}`;
    // id.y is 0, which the driver can't know. Mesa 22.3 compiles a kernel anew for each dispatch, with
    // the uniforms' values in it, and frees none of that, if so it shrinks to half: for one row it would.
    return ragged ? `if (${rowOf(r)} + id.y < p.m) { ${body} }` : body;
  };
  return `@compute @workgroup_size(${LANES})
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let tall = (p.m + ${width - 1}u) / ${width}u;
  let across = (p.n + ${pieces - 1}u) / ${pieces}u;
  let row = (id.x / across) * ${pieces}u;
  let col = (id.x % across) * ${pieces}u;
  if (row >= tall) { return; }
  ${unroll(pieces, (i) => `let i${i} = min(row + ${i}u, tall - 1u);`, " ")}
  ${unroll(pieces, (j) => `let j${j} = min(col + ${j}u, p.n - 1u);`, " ")}
  ${unroll(pieces, (c) => `var c${c} = ${lane}();`, " ")}
  if (p.hasBias == 1u) { ${unroll(pieces, (c) => `c${c} = ${bias.at(`p.bias + j${c}`)};`, " ")} }
  ${unroll(side, (r) => unroll(pieces, (c) => `var s${r}_${c} = c${c};`, " "), "\n  ")}
  for (var k = 0u; k < p.k; k++) {
    let aRow = p.a + k * p.aStride;
    let bRow = p.b + k * p.bStride;
    ${unroll(pieces, (i) => `let x${i} = a[aRow + i${i}];`, " ")}
    ${unroll(pieces, (j) => `let y${j} = ${b.at(`bRow + j${j}`)};`, " ")}
    ${
    unroll(side, (r) => unroll(pieces, (c) => `s${r}_${c} += ${part(r)} * y${c};`, " "), "\n    ")
  }
  }
  ${unroll(side, store, "\n  ")}
}
`;
}

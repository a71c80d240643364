/**
 * LayerNorm over the last axis, and its adjoint. `affine` (2, d) holds the weight, then the bias.
 *
 * Up to 64 invocations share a row, each with every 64th of its numbers in registers, so that a row
 * is read once.
 *
 * @module
 */
import {
  GROUP,
  groupGrid,
  LANES,
  laneSum,
  laneType,
  laneWidth,
  type Launch,
  launch,
  read,
  treeSum,
  unroll,
  write,
} from "./kernel.ts";
import { input, type OperandTypes, output } from "./operand.ts";

/** Rows to normalize. */
export interface LayerNormShape {
  /** Rows. */
  readonly rows: number;
  /** Width of a row. */
  readonly d: number;
}

/** How rows of `steps` lanes go to the invocations of a workgroup. */
interface Cut {
  /** Invocations that share a row. */
  readonly across: number;
  /** Rows of a workgroup. */
  readonly rows: number;
  /** Lanes of an invocation. */
  readonly each: number;
}

function cutOf(steps: number): Cut {
  const across = [8, 16, 32].find((one) => one >= steps) ?? LANES;
  return { across, rows: LANES / across, each: Math.ceil(steps / across) };
}

/**
 * An entry point whose invocations share `row`, or where that is beyond the last one read this: they
 * meet at barriers. The lanes k<i> of each are in it where in<i>.
 */
function forEachRow({ across, rows, each }: Cut, sums: readonly string[], body: string): string {
  return `${
    sums.map((name) => `var<workgroup> ${name}: array<array<f32, ${across}>, ${rows}>;`).join("\n")
  }
@compute @workgroup_size(${across}, ${rows})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) id: vec3<u32>) {
  let row = ${GROUP} * ${rows}u + id.y;
  let there = min(row, p.rows - 1u);
  let start = there * p.steps;
  ${
    unroll(
      each,
      (i) =>
        `let k${i} = min(id.x + ${across * i}u, p.steps - 1u); let in${i} = id.x + ${
          across * i
        }u < p.steps;`,
    )
  }
${body}
}
`;
}

/** WGSL: the sum over a row of what `value` is in the invocations that share it. */
function rowSum(name: string, { across }: Cut, value: string): [put: string, sum: string] {
  return [`${name}[id.y][id.x] = ${value};`, treeSum(across, (i) => `${name}[id.y][${i}]`)];
}

/**
 * y = (x - mean) / sqrt(var + epsilon) * weight + bias over rows of `d`. Binds x, affine, y, and
 * stats (rows, 2): each row's mean and 1 / sqrt(var + epsilon), which the adjoint needs.
 */
export function layerNorm(
  { rows, d, epsilon, types = {} }: LayerNormShape & {
    readonly epsilon: number;
    readonly types?: OperandTypes<"x" | "affine" | "y">;
  },
): Launch {
  const width = laneWidth(d);
  const lane = laneType(width);
  const [x, affine] = [input("x", width, types.x), input("affine", width, types.affine)];
  const y = output("y", width, types.y);
  const steps = d / width;
  const cut = cutOf(steps);
  const { each } = cut;
  const all = (value: (i: number) => string) => laneSum(width, treeSum(each, value));
  const [putSum, sum] = rowSum("sums", cut, all((i) => `v${i}`));
  const [putSquares, squares] = rowSum("squares", cut, all((i) => `c${i} * c${i}`));
  return launch(
    "layer norm",
    { rows, d, steps },
    [x.binding, affine.binding, y.binding, write("stats")],
    groupGrid(Math.ceil(rows / cut.rows)),
    forEachRow(
      cut,
      ["sums", "squares"],
      `  ${unroll(each, (i) => `let v${i} = select(${lane}(), ${x.at(`start + k${i}`)}, in${i});`)}
  ${putSum}
  workgroupBarrier();
  let mean = ${sum} / f32(p.d);
  ${unroll(each, (i) => `let c${i} = select(${lane}(), v${i} - mean, in${i});`)}
  ${putSquares}
  workgroupBarrier();
  let scale = inverseSqrt(${squares} / f32(p.d) + ${epsilon});
  if (row >= p.rows) { return; }
  ${
        unroll(
          each,
          (i) =>
            `if (in${i}) { ${
              y.put(
                `start + k${i}`,
                `c${i} * scale * ${affine.at(`k${i}`)} + ${affine.at(`p.steps + k${i}`)}`,
              )
            } }`,
        )
      }
  if (id.x == 0u) {
    stats[2u * row] = mean;
    stats[2u * row + 1u] = scale;
  }`,
    ),
  );
}

/**
 * The gradient of x: dx = scale (g - mean(g) - xhat mean(g xhat)), g = dy weight. Binds x, affine,
 * stats, dy, dx (added to if `accumulate`).
 */
export function layerNormInputGradient(
  { rows, d, accumulate, types = {} }: LayerNormShape & {
    readonly accumulate: boolean;
    readonly types?: OperandTypes<"x" | "affine" | "dy" | "dx">;
  },
): Launch {
  const width = laneWidth(d);
  const lane = laneType(width);
  const [x, affine] = [input("x", width, types.x), input("affine", width, types.affine)];
  const [dy, dx] = [input("dy", width, types.dy), output("dx", width, types.dx)];
  const steps = d / width;
  const cut = cutOf(steps);
  const { each } = cut;
  const all = (value: (i: number) => string) => laneSum(width, treeSum(each, value));
  const [putSum, sum] = rowSum("sums", cut, all((i) => `g${i}`));
  const [putProduct, product] = rowSum("products", cut, all((i) => `g${i} * h${i}`));
  return launch(
    "layer norm: dx",
    { rows, d, steps },
    [x.binding, affine.binding, read("stats"), dy.binding, dx.binding],
    groupGrid(Math.ceil(rows / cut.rows)),
    forEachRow(
      cut,
      ["sums", "products"],
      `  let mean = stats[2u * there];
  let scale = stats[2u * there + 1u];
  ${
        unroll(
          each,
          (i) =>
            `let g${i} = select(${lane}(), ${dy.at(`start + k${i}`)} * ${
              affine.at(`k${i}`)
            }, in${i});
  let h${i} = (${x.at(`start + k${i}`)} - mean) * scale;`,
        )
      }
  ${putSum}
  ${putProduct}
  workgroupBarrier();
  let c1 = ${sum} / f32(p.d);
  let c2 = ${product} / f32(p.d);
  if (row >= p.rows) { return; }
  ${
        unroll(each, (i) => {
          const value = `scale * (g${i} - c1 - h${i} * c2)`;
          const at = `start + k${i}`;
          return `if (in${i}) { ${dx.put(at, accumulate ? `${dx.at(at)} + ${value}` : value)} }`;
        })
      }`,
    ),
  );
}

/** Rows of a workgroup of {@linkcode layerNormAffineGradient}. */
export const AFFINE_CHUNK = 32;

/** Invocations that share its columns, and columns of it. */
const SHARES = 4;
const COLUMNS = LANES / SHARES;

/**
 * Shares of the gradient of `affine`, one per chunk of 32 rows: partial (chunks, 2, d). Binds x,
 * stats, dy, partial; the caller then sums the chunks.
 */
export function layerNormAffineGradient(
  { rows, d, types = {} }: LayerNormShape & { readonly types?: OperandTypes<"x" | "dy"> },
): Launch {
  const width = laneWidth(d);
  const lane = laneType(width);
  const [x, dy] = [input("x", width, types.x), input("dy", width, types.dy)];
  const steps = d / width;
  const across = Math.ceil(steps / COLUMNS);
  const sum = (name: string) => treeSum(SHARES, (y) => `${name}[${y}][id.x]`);
  return launch(
    "layer norm: daffine",
    { rows, steps, across },
    [x.binding, read("stats"), dy.binding, write("partial", `array<${lane}>`)],
    groupGrid(across * Math.ceil(rows / AFFINE_CHUNK)),
    `var<workgroup> weights: array<array<${lane}, ${COLUMNS}>, ${SHARES}>;
var<workgroup> biases: array<array<${lane}, ${COLUMNS}>, ${SHARES}>;
@compute @workgroup_size(${COLUMNS}, ${SHARES})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) id: vec3<u32>) {
  let chunk = ${GROUP} / p.across;
  let k = (${GROUP} % p.across) * ${COLUMNS}u + id.x;
  let end = select(0u, min((chunk + 1u) * ${AFFINE_CHUNK}u, p.rows), k < p.steps);
  var weight = ${lane}();
  var bias = ${lane}();
  for (var r = chunk * ${AFFINE_CHUNK}u + id.y; r < end; r += ${SHARES}u) {
    let g = ${dy.at("r * p.steps + k")};
    bias += g;
    weight += g * (${x.at("r * p.steps + k")} - stats[2u * r]) * stats[2u * r + 1u];
  }
  weights[id.y][id.x] = weight;
  biases[id.y][id.x] = bias;
  workgroupBarrier();
  if (id.y > 0u || k >= p.steps || chunk * ${AFFINE_CHUNK}u >= p.rows) { return; }
  partial[2u * chunk * p.steps + k] = ${sum("weights")};
  partial[(2u * chunk + 1u) * p.steps + k] = ${sum("biases")};
}
`,
  );
}

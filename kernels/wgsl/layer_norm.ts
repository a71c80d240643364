/**
 * LayerNorm over the last axis, and its adjoint. `affine` (2, d) holds the weight, then the bias.
 *
 * @module
 */
import {
  forEach,
  laneSum,
  laneType,
  laneWidth,
  type Launch,
  launch,
  linearGrid,
  read,
  write,
} from "./kernel.ts";
import { parameter } from "./parameter.ts";
import type { FloatType } from "../shapes.ts";

/** Rows to normalize. */
export interface LayerNormShape {
  /** Rows. */
  readonly rows: number;
  /** Width of a row. */
  readonly d: number;
  /** Type of the numbers in `affine`. Default f32. */
  readonly type?: FloatType;
}

/**
 * y = (x - mean) / sqrt(var + epsilon) * weight + bias over rows of `d`. Binds x, affine, y, and
 * stats (rows, 2): each row's mean and 1 / sqrt(var + epsilon), which the adjoint needs.
 */
export function layerNorm(
  { rows, d, type, epsilon }: LayerNormShape & { readonly epsilon: number },
): Launch {
  const width = laneWidth(d);
  const lane = laneType(width);
  const affine = parameter("affine", width, type);
  return launch(
    "layer norm",
    { rows, d, steps: d / width },
    [
      read("x", `array<${lane}>`),
      affine.binding,
      write("y", `array<${lane}>`),
      write("stats"),
    ],
    linearGrid(rows),
    forEach(
      "p.rows",
      `
  let start = i * p.steps;
  var sum = ${lane}();
  for (var k = 0u; k < p.steps; k++) { sum += x[start + k]; }
  let mean = ${laneSum(width, "sum")} / f32(p.d);
  var squares = ${lane}();
  for (var k = 0u; k < p.steps; k++) { let v = x[start + k] - mean; squares += v * v; }
  let scale = inverseSqrt(${laneSum(width, "squares")} / f32(p.d) + ${epsilon});
  for (var k = 0u; k < p.steps; k++) {
    y[start + k] = (x[start + k] - mean) * scale * ${affine.at("k")} + ${affine.at("p.steps + k")};
  }
  stats[2u * i] = mean;
  stats[2u * i + 1u] = scale;`,
    ),
  );
}

/**
 * The gradient of x: dx = scale (g - mean(g) - xhat mean(g xhat)), g = dy weight. Binds x, affine,
 * stats, dy, dx (added to if `accumulate`).
 */
export function layerNormInputGradient(
  { rows, d, type, accumulate }: LayerNormShape & { readonly accumulate: boolean },
): Launch {
  const width = laneWidth(d);
  const lane = laneType(width);
  const array = `array<${lane}>`;
  const affine = parameter("affine", width, type);
  return launch(
    "layer norm: dx",
    { rows, d, steps: d / width },
    [read("x", array), affine.binding, read("stats"), read("dy", array), write("dx", array)],
    linearGrid(rows),
    forEach(
      "p.rows",
      `
  let start = i * p.steps;
  let mean = stats[2u * i];
  let scale = stats[2u * i + 1u];
  var sum = ${lane}();
  var product = ${lane}();
  for (var k = 0u; k < p.steps; k++) {
    let g = dy[start + k] * ${affine.at("k")};
    sum += g;
    product += g * ((x[start + k] - mean) * scale);
  }
  let c1 = ${laneSum(width, "sum")} / f32(p.d);
  let c2 = ${laneSum(width, "product")} / f32(p.d);
  for (var k = 0u; k < p.steps; k++) {
    let g = dy[start + k] * ${affine.at("k")};
    let v = scale * (g - c1 - (x[start + k] - mean) * scale * c2);
    dx[start + k] = ${accumulate ? "dx[start + k] + v" : "v"};
  }`,
    ),
  );
}

/** Rows that one invocation of {@linkcode layerNormAffineGradient} sums. */
export const AFFINE_CHUNK = 32;

/**
 * Shares of the gradient of `affine`, one per chunk of 32 rows: partial (chunks, 2, d). Binds x,
 * stats, dy, partial; the caller then sums the chunks.
 */
export function layerNormAffineGradient({ rows, d }: { rows: number; d: number }): Launch {
  const width = laneWidth(d);
  const lane = laneType(width);
  const array = `array<${lane}>`;
  const count = Math.ceil(rows / AFFINE_CHUNK) * (d / width);
  return launch(
    "layer norm: daffine",
    { rows, steps: d / width, count },
    [read("x", array), read("stats"), read("dy", array), write("partial", array)],
    linearGrid(count),
    forEach(
      "p.count",
      `
  let chunk = i / p.steps;
  let k = i % p.steps;
  let end = min((chunk + 1u) * ${AFFINE_CHUNK}u, p.rows);
  var weight = ${lane}();
  var bias = ${lane}();
  for (var r = chunk * ${AFFINE_CHUNK}u; r < end; r++) {
    let g = dy[r * p.steps + k];
    bias += g;
    weight += g * (x[r * p.steps + k] - stats[2u * r]) * stats[2u * r + 1u];
  }
  partial[2u * chunk * p.steps + k] = weight;
  partial[(2u * chunk + 1u) * p.steps + k] = bias;`,
    ),
  );
}

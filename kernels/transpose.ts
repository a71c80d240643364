/**
 * Matrix transposition.
 *
 * @module
 */
import {
  forEach,
  laneType,
  laneWidth,
  type Launch,
  launch,
  linearGrid,
  unroll,
  write,
} from "./kernel.ts";
import { type FloatType, parameter } from "./parameter.ts";

/** Floats between the rows of a transposed matrix of that many columns: a multiple of 4. */
export function transposedStride(columns: number): number {
  return Math.ceil(columns / 4) * 4;
}

/**
 * x (rows, columns), beginning at element `origin`, to y (columns, rows), the rows of y padded with
 * zeros to a multiple of 4. `type` is that of x; y is f32. An invocation turns a block of 4 rows.
 * Binds x, y.
 */
export function transpose(
  { rows, columns, origin, type }: {
    rows: number;
    columns: number;
    origin: number;
    type?: FloatType;
  },
): Launch {
  const width = laneWidth(columns, origin);
  const x = parameter("x", width, type);
  const lane = laneType(width);
  const [across, down] = [columns / width, Math.ceil(rows / 4)];
  const component = (c: number) => width === 4 ? `.${"xyzw"[c]}` : "";
  return launch(
    "transpose",
    { count: across * down, rows, across, stride: down, origin: origin / width },
    [x.binding, write("y", "array<vec4<f32>>")],
    linearGrid(across * down),
    forEach(
      "p.count",
      `
  let column = i % p.across;
  let block = i / p.across;
  let row = block * 4u;
  ${unroll(4, (r) => `var v${r} = ${lane}();`, " ")}
  ${
        unroll(
          4,
          (r) =>
            `if (row + ${r}u < p.rows) { v${r} = ${
              x.at(`p.origin + (row + ${r}u) * p.across + column`)
            }; }`,
          "\n  ",
        )
      }
  ${
        unroll(width, (c) =>
          `y[(column * ${width}u + ${c}u) * p.stride + block] = vec4<f32>(${
            unroll(4, (r) =>
              `v${r}${component(c)}`, ", ")
          });`, "\n  ")
      }`,
    ),
  );
}

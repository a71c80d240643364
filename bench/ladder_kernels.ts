/**
 * Versions of the matrix product on the way to the product's own, for `ladder.ts`. They take sizes
 * that are multiples of their tiles only, and compute out (m, n) = a w'.
 *
 * @module
 */
import { activations } from "../kernels/activation.ts";
import {
  forEach,
  type Launch,
  launch,
  linearGrid,
  read,
  unroll,
  write,
} from "../kernels/kernel.ts";
import { flopOf, type Shape } from "./measure.ts";

const LANES = 8;
const vectors = "array<vec4<f32>>";

/** One element an invocation, float by float. Binds a (m, k), w (n, k), out. */
export function naive(shape: Shape): Launch {
  const { m, n, k } = shape;
  return launch(
    "naive",
    { count: m * n, n, k },
    [read("a"), read("w"), write("out")],
    linearGrid(m * n),
    forEach(
      "p.count",
      `
  let aRow = (i / p.n) * p.k;
  let wRow = (i % p.n) * p.k;
  var sum = 0.0;
  for (var k = 0u; k < p.k; k++) { sum += a[aRow + k] * w[wRow + k]; }
  out[i] = sum;`,
    ),
    flopOf(shape),
  );
}

/**
 * `side` x `side` elements an invocation, four floats along k at a time straight from storage.
 * Binds a (m, k), w (n, k), out.
 */
export function alongK(shape: Shape, side: 4 | 8): Launch {
  const { m, n, k } = shape;
  const products = (r: number) => unroll(side, (c) => `s${r}_${c} += dot(x, y${c});`, " ");
  const vector = (r: number, q: number) =>
    `vec4<f32>(${unroll(4, (c) => `s${r}_${4 * q + c}`, ", ")})`;
  return launch(
    "along k",
    { m, n4: n / 4, k4: k / 4 },
    [read("a", vectors), read("w", vectors), write("out", vectors)],
    [n / side / LANES, m / side, 1],
    `@compute @workgroup_size(${LANES})
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let row = id.y * ${side}u;
  let col = id.x * ${side}u;
  ${unroll(side, (r) => unroll(side, (c) => `var s${r}_${c} = 0.0;`, " "), "\n  ")}
  for (var k = 0u; k < p.k4; k++) {
    ${unroll(side, (c) => `let y${c} = w[(col + ${c}u) * p.k4 + k];`, "\n    ")}
    ${unroll(side, (r) => `{ let x = a[(row + ${r}u) * p.k4 + k]; ${products(r)} }`, "\n    ")}
  }
  let at = row * p.n4 + id.x * ${side / 4}u;
  ${
      unroll(side, (r) =>
        unroll(side / 4, (q) => `out[at + ${r}u * p.n4 + ${q}u] = ${vector(r, q)};`, " "), "\n  ")
    }
}
`,
    flopOf(shape),
  );
}

/**
 * Outer products, `side` x `side` elements an invocation. Binds at (k, m), wt (k, n), out; with
 * `fused` at, wt, bias (n), out, pre: out = GELU(pre), pre = the product + bias, all of it unrolled
 * behind the loop.
 */
export function outerProducts(shape: Shape, side: 8 | 16, fused = false): Launch {
  const { m, n, k } = shape;
  const pieces = side / 4;
  const part = (r: number) => `x${r >> 2}.${"xyzw"[r & 3]}`;
  const store = (r: number, c: number) => {
    const at = `at + ${r}u * p.n4 + ${c}u`;
    return fused
      ? `{ let y = s${r}_${c} + bias[col + ${c}u]; pre[${at}] = y; out[${at}] = activate(y); }`
      : `out[${at}] = s${r}_${c};`;
  };
  return launch(
    "outer products",
    { m4: m / 4, n4: n / 4, k, across: n / side, tiles: (m / side) * (n / side) },
    [
      read("a", vectors),
      read("w", vectors),
      fused && read("bias", vectors),
      write("out", vectors),
      fused && write("pre", vectors),
    ],
    [Math.ceil((m / side) * (n / side) / LANES), 1, 1],
    `alias T = vec4<f32>;
${fused ? activations.gelu : ""}
@compute @workgroup_size(${LANES})
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x >= p.tiles) { return; }
  let row = (id.x / p.across) * ${pieces}u;
  let col = (id.x % p.across) * ${pieces}u;
  ${unroll(side, (r) => unroll(pieces, (c) => `var s${r}_${c} = T();`, " "), "\n  ")}
  for (var k = 0u; k < p.k; k++) {
    ${unroll(pieces, (r) => `let x${r} = a[k * p.m4 + row + ${r}u];`, " ")}
    ${unroll(pieces, (c) => `let y${c} = w[k * p.n4 + col + ${c}u];`, " ")}
    ${
      unroll(side, (r) =>
        unroll(pieces, (c) => `s${r}_${c} += ${part(r)} * y${c};`, " "), "\n    ")
    }
  }
  let at = row * 4u * p.n4 + col;
  ${unroll(side, (r) => unroll(pieces, (c) => store(r, c), " "), "\n  ")}
}
`,
    flopOf(shape),
  );
}

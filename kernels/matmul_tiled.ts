/**
 * Matrix products for GPUs: a workgroup of 16 x 16 invocations computes a 64 x 64 tile, 4 x 4 each,
 * from slices of both operands, 16 deep, that it first brings into workgroup memory.
 *
 * @module
 */
import { unroll } from "./kernel.ts";
import type { BodyOptions, Layout, MatmulBody } from "./matmul_layout.ts";
import { storeTile } from "./matmul_store.ts";

const TILE = 64;
const DEPTH = 16;
const SIDE = 16;
const EACH = TILE / SIDE;

// `fast` runs along memory, so that neighbouring invocations load neighbouring floats.
const load: Record<Layout, { a: string; b: string }> = {
  nt: { a: loader("a", "row", true, "p.m"), b: loader("b", "col", true, "p.n") },
  nn: { a: loader("a", "row", true, "p.m"), b: loader("b", "col", false, "p.n") },
  tn: { a: loader("a", "row", false, "p.m"), b: loader("b", "col", false, "p.n") },
};

function loader(name: string, side: string, alongK: boolean, limit: string): string {
  const depth = alongK ? `index % ${DEPTH}u` : `index / ${TILE}u`;
  const lane = alongK ? `index / ${DEPTH}u` : `index % ${TILE}u`;
  const address = alongK ? "at * p.k + k" : `k * ${limit} + at`;
  return `for (var index = local; index < ${TILE * DEPTH}u; index += ${SIDE * SIDE}u) {
      let d = ${depth};
      let lane = ${lane};
      let k = k0 + d;
      let at = ${side}0 + lane;
      var value = 0.0;
      if (k < p.k && at < ${limit}) { value = ${name}[p.${name} + ${address}]; }
      ${name}Tile[d * ${TILE}u + lane] = value;
    }`;
}

/** The entry point of this family; it loads and stores single floats. */
export function tiledBody(options: BodyOptions): MatmulBody {
  const { layout, columnSums } = options;
  return {
    workgroups: (m, n) => [Math.ceil(n / TILE), Math.ceil(m / TILE), 1],
    code: `var<workgroup> aTile: array<f32, ${TILE * DEPTH}>;
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
    ${load[layout].a}
    ${load[layout].b}
    workgroupBarrier();
    for (var d = 0u; d < ${DEPTH}u; d++) {
      let aAt = d * ${TILE}u + id.y * ${EACH}u;
      let bAt = d * ${TILE}u + id.x * ${EACH}u;
      ${unroll(EACH, (r) => `let x${r} = aTile[aAt + ${r}u];`, " ")}
      ${unroll(EACH, (c) => `let y${c} = bTile[bAt + ${c}u];`, " ")}
      ${unroll(EACH, (r) => unroll(EACH, (c) => `s${r}_${c} += x${r} * y${c};`, " "), "\n      ")}
      ${columnSums ? unroll(EACH, (r) => `t${r} += x${r};`, " ") : ""}
    }
    workgroupBarrier();
  }
  let row = row0 + id.y * ${EACH}u;
  let col = col0 + id.x * ${EACH}u;
${storeTile(EACH, EACH, options)}
}
`,
  };
}

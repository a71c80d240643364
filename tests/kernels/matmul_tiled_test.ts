// The tiled product: what it refuses, how it is cut up, and every tile. Its epilogues at the sizes of
// the usual tile are checked in tests/ops.

import { assert, assertEquals, assertThrows } from "@std/assert";
import type { Layout } from "../../kernels/shapes.ts";
import { matmulTiled } from "../../kernels/wgsl/matmul_tiled.ts";
import { partDepth, tileFor, TILES } from "../../kernels/wgsl/tiles.ts";
import { assertSameBits } from "../helpers/close.ts";
import { gpuTest } from "../helpers/gpu.ts";
import { compare } from "../ops/case.ts";
import { type Epilogue, matmul, type Shape } from "../ops/matmul.ts";
import { type Content, runLaunch } from "./run_launch.ts";

Deno.test("matmulTiled() refuses options and sizes that make no sense", () => {
  for (const layout of ["nt", "nn"] as const) {
    const make = () => matmulTiled({ layout, m: 1, n: 1, k: 1, columnSums: true });
    assertThrows(make, RangeError, "needs layout tn");
  }
  for (const size of [0, -1, 1.5, NaN]) {
    assertThrows(() => matmulTiled({ layout: "nt", m: size, n: 1, k: 1 }), RangeError);
    assertThrows(() => matmulTiled({ layout: "nt", m: 1, n: size, k: 1 }), RangeError);
  }
});

Deno.test("tileFor() takes large tiles if there are enough and little lies beyond the edges", () => {
  const sideFor = (m: number, n: number, k = 512) => tileFor({ layout: "nt", m, n, k }, k).side;
  assertEquals([sideFor(1, 1), sideFor(256, 128), sideFor(512, 128)], [16, 16, 32]);
  assertEquals(sideFor(2048, 768), 64);
  assertEquals([sideFor(4096, 512), sideFor(8192, 192), sideFor(8192, 12)], [128, 64, 32]);
});

Deno.test("partDepth() cuts only long sums of few results, into parts worth a large tile", () => {
  const cut = (layout: Layout, m: number, n: number, k: number) =>
    Math.ceil(k / partDepth({ layout, m, n, k }));
  for (const layout of ["nt", "nn"] as const) assertEquals(cut(layout, 64, 64, 8192), 1);
  const square = [1023, 1024, 8192].map((k) => cut("tn", 64, 64, k));
  assertEquals(square, [1, 4, 32]);
  assertEquals([cut("tn", 2048, 512, 4096), cut("tn", 768, 768, 2048)], [1, 2]);
  const long = { layout: "tn", m: 512, n: 512, k: 4096 } as const;
  assertEquals([partDepth(long), long.k].map((part) => tileFor(long, part).side), [64, 32]);
  for (const k of [1025, 1031, 5000, 8191]) {
    const depth = partDepth({ layout: "tn", m: 70, n: 5, k });
    assert(depth % 32 === 0 && depth >= 256, `${k} is cut at multiples of ${depth}`);
  }
});

/** With something of everything that a layout is used with. */
const EPILOGUES: Record<Layout, Epilogue> = {
  nt: { operands: ["bias", "pre", "residual"], activation: "gelu", accumulate: true },
  nn: { operands: ["pre", "residual"], derivative: "silu", accumulate: true },
  tn: { operands: ["sums"], accumulate: true },
};

/** Beyond an edge of the largest tile, in vec4 and whole slices, then in neither. */
const SHAPES: readonly Shape[] = [[132, 136, 48], [131, 133, 35]];

for (const layout of ["nt", "nn", "tn"] as const) {
  for (const shape of SHAPES) {
    gpuTest(
      `matmulTiled() gives the same bits in every tile, twice: ${layout} ${shape}`,
      async (gpu) => {
        const [m, n, k] = shape;
        const { operands: roles = [], ...flags } = EPILOGUES[layout];
        const { title, operands, expected } = matmul(layout, shape, EPILOGUES[layout]);
        const contents: Record<string, Content> = {};
        for (const [role, operand] of Object.entries(operands)) {
          if (typeof operand === "string") throw new Error(`${role} is ${operand}`);
          contents[role] = operand.values ?? operand.shape.reduce((a, b) => a * b, 1);
        }
        const results = [];
        for (const tile of [...TILES, ...TILES]) {
          const launch = matmulTiled({
            ...{ layout, m, n, k, tile, ...flags },
            bias: roles.includes("bias"),
            residual: roles.includes("residual"),
            columnSums: roles.includes("sums"),
            keepPre: flags.activation !== undefined,
          });
          const tiles = Math.ceil(n / tile.side) * Math.ceil(m / tile.side);
          assertEquals(launch.workgroups, [tiles, 1, 1]);
          results.push(await runLaunch(gpu, launch, contents));
        }
        for (const [role, wanted] of Object.entries(expected)) {
          compare(`${title}: ${role}`, results[0][role], wanted);
          for (const other of results) assertSameBits(role, other[role], results[0][role]);
        }
      },
    );
  }
}

// What the tiled product refuses; what it computes is checked in tests/ops.

import { assertThrows } from "@std/assert";
import { matmulTiled } from "../../kernels/wgsl/matmul_tiled.ts";

Deno.test("tiled matmul: options and sizes that make no sense", () => {
  for (const layout of ["nt", "nn"] as const) {
    const make = () => matmulTiled({ layout, m: 1, n: 1, k: 1, columnSums: true });
    assertThrows(make, RangeError, "needs layout tn");
  }
  for (const size of [0, -1, 1.5, NaN]) {
    assertThrows(() => matmulTiled({ layout: "nt", m: size, n: 1, k: 1 }), RangeError);
    assertThrows(() => matmulTiled({ layout: "nt", m: 1, n: size, k: 1 }), RangeError);
  }
});

// What a kernel computes depends neither on the order of its tiles nor on where its tensors lie, and
// it writes nowhere else.

import { FAMILIES } from "../ops/cases.ts";
import { assertSame } from "../ops/run.ts";
import { ARITHMETICS, Harness } from "./harness.ts";

/** The families whose kernels add products, so that the two arithmetics give different bits. */
const FUSED = ["activation", "attention", "layerNorm", "matmul"];

const [fused, exact] = await Promise.all(ARITHMETICS.map((each) => Harness.make(each)));

for (const [family, cases] of Object.entries(FAMILIES)) {
  for (const [arithmetic, harness] of Object.entries({ fused, exact })) {
    Deno.test(`${family} gives the same bits in any order, at any address, in ${arithmetic} arithmetic`, () => {
      const wanted = cases.map((each) => harness.run(each));
      for (const skew of [1, 2, 3]) {
        assertSame(cases, cases.map((each) => harness.run(each, "backwards", skew)), wanted);
      }
    });
  }
  if (FUSED.includes(family)) continue;
  Deno.test(`${family} gives the same bits in both builds`, () => {
    assertSame(cases, cases.map((each) => fused.run(each)), cases.map((each) => exact.run(each)));
  });
}

// Every operation's cases on the WebAssembly kernels, fused and exact.

import { assertSameBits } from "../helpers/close.ts";
import { compare } from "../ops/case.ts";
import { CASES as convolution } from "../ops/convolution.ts";
import { CASES as dropout } from "../ops/dropout.ts";
import { CASES as elementwise } from "../ops/elementwise.ts";
import { CASES as layerNorm } from "../ops/layer_norm.ts";
import { CASES as random } from "../ops/random.ts";
import { CASES as reduce } from "../ops/reduce.ts";
import { CASES as tokens } from "../ops/tokens.ts";
import { BUILDS, Harness } from "./harness.ts";

const FAMILIES = { elementwise, tokens, layerNorm, reduce, dropout, random, convolution };

for (const build of BUILDS) {
  const harness = await Harness.make(build);
  for (const [family, cases] of Object.entries(FAMILIES)) {
    Deno.test(`${build}: ${family}`, () => {
      for (const each of cases) {
        const found = harness.run(each);
        for (const [role, expected] of Object.entries(each.expected)) {
          compare(`${each.name}, ${each.title}: ${role}`, found[role], expected);
        }
      }
    });

    Deno.test(`${build}: the order of tiles and addresses don't matter to ${family}`, () => {
      for (const each of cases) {
        const found = harness.run(each);
        for (const skew of [1, 2, 3]) {
          const again = harness.run(each, "backwards", skew);
          for (const role of Object.keys(found)) {
            assertSameBits(`${each.name}, ${each.title}: ${role}`, again[role], found[role]);
          }
        }
      }
    });
  }
}

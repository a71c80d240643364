// Every operation's cases on the WebAssembly kernels, fused and exact.

import { assertSameBits } from "../helpers/close.ts";
import { compare, type OpCase } from "../ops/case.ts";
import { FAMILIES } from "../ops/cases.ts";
import { BUILDS, Harness } from "./harness.ts";

type Found = Record<string, Float32Array<ArrayBuffer>>;

function assertSame({ name, title }: OpCase, found: Found, wanted: Found): void {
  for (const role of Object.keys(wanted)) {
    assertSameBits(`${name}, ${title}: ${role}`, found[role], wanted[role]);
  }
}

const [exact, fused] = await Promise.all(BUILDS.map((build) => Harness.make(build)));

for (const [build, harness] of Object.entries({ exact, fused })) {
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
          assertSame(each, harness.run(each, "backwards", skew), found);
        }
      }
    });
  }
}

Deno.test("both builds give the same bits where nothing is fused", () => {
  for (const [family, cases] of Object.entries(FAMILIES)) {
    if (family === "layerNorm") continue;
    for (const each of cases) assertSame(each, fused.run(each), exact.run(each));
  }
});

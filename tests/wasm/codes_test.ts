// The numbers of the kernels, which the host and the AssemblyScript share.

import { assertEquals } from "@std/assert";
import { FAMILIES } from "../ops/cases.ts";
import { CODES, fieldsOf, nameOf } from "./classes.ts";
import { codesOf } from "./harness.ts";

Deno.test("every code has a kernel, and a lowering that uses it", () => {
  for (const name of Object.keys(CODES)) fieldsOf(name);
  const used = new Set(Object.values(FAMILIES).flat().flatMap(codesOf).map(nameOf));
  assertEquals([...used].sort(), Object.keys(CODES).sort());
});

Deno.test("codes are all different, and count up from 0", () => {
  const values = Object.values(CODES).sort((a, b) => a - b);
  assertEquals(values, values.map((_, index) => index));
});

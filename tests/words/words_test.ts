// deno task check finds forbidden turns of phrase wherever they stand.

import { assertEquals } from "@std/assert";
import { findPhrases } from "./phrases.ts";

Deno.test("findPhrases() finds a phrase across any break between words", () => {
  const breaks = [
    "a folder is told",
    "a folder is\ntold",
    "/**\n * A folder is\n * told.\n */",
    "// A folder is\n  // told.",
    'error("a folder is " +\n  "told")',
    "error(`a folder is ` +\n  `told`)",
  ];
  for (const text of breaks) {
    assertEquals(findPhrases(text).map(({ found }) => found), ["is told"], text);
  }
});

Deno.test("findPhrases() gives line and replacement, in order", () => {
  const found = findPhrases("It goes on\nwith this.\nNobody. Whose place is it?\nIt knows none.");
  assertEquals(found.map(({ line, found }) => [line, found]), [[1, "goes on with"], [
    3,
    ". Whose",
  ]]);
  assertEquals(found[0].instead, "continue, resume");
});

Deno.test("findPhrases() leaves words alone that only look alike", () => {
  const fine = "const is = told; gone onto; is_told(); It does not go on. Nobody is toldest.";
  assertEquals(findPhrases(fine), []);
});

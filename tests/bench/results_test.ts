// Files of bench/results/: what is written is read again, and what is wrong is named.

import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { cpuOf } from "../../bench/machine.ts";
import { fileName, formatResults, medianOf, parseResults } from "../../bench/results.ts";
import { sampleResults } from "./sample_results.ts";

Deno.test("parseResults() reads what formatResults() wrote", () => {
  const text = formatResults(sampleResults);
  assertEquals(parseResults("x.json", text), sampleResults);
  assertMatch(text, /"turns": \[110, 100, 90\]/);
});

Deno.test("medianOf() finds a median by task, subject, and contender", () => {
  assertEquals(medianOf(sampleResults, "step", "faces", "torch-1"), 100);
  assertEquals(medianOf(sampleResults, "sample", "faces", "jax-wasm"), undefined);
});

Deno.test("fileName() names a file after its CPU and commit", () => {
  assertEquals(fileName(sampleResults), "intel-xeon-w-2255-cpu-3-70ghz-1a2b3c4-changed.json");
});

Deno.test("parseResults() names what is wrong with a file", () => {
  const change = (changes: Record<string, unknown>) =>
    JSON.stringify({ ...sampleResults, ...changes });
  const [first] = sampleResults.measurements;
  const changed = (changes: Record<string, unknown>) =>
    change({ measurements: [{ ...first, ...changes }] });
  const cases: [string, string][] = [
    ["{", "it is not JSON"],
    ["null", "its version is undefined, expected 1"],
    [change({ version: 2 }), "its version is 2, expected 1"],
    [change({ machine: undefined }), "machine is missing"],
    [change({ measurements: {} }), "measurements is not a list"],
    [changed({ task: "run" }), "at run, faces, has an unknown task"],
    [changed({ unit: "s" }), "is in s, expected ms"],
    [changed({ turns: [] }), "needs turns above 0"],
    [changed({ turns: [1, -1] }), "needs turns above 0"],
    [changed({ median: null }), "needs a median above 0"],
  ];
  for (const [text, message] of cases) {
    assertThrows(() => parseResults("x.json", text), Error, message);
  }
});

Deno.test("cpuOf() gives a CPU's name, family, and model", () => {
  const cpuinfo = "processor\t: 0\ncpu family\t: 25\nmodel\t\t: 17\nmodel name\t: AMD EPYC\n";
  assertEquals(cpuOf(cpuinfo), "AMD EPYC (family 25, model 17)");
  assertEquals(cpuOf("model name\t: Some Arm\n"), "Some Arm");
  assertEquals(cpuOf(""), undefined);
});

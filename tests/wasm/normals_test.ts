// How precise the WebAssembly logarithm and sine are, by the normals that come from them.

import { assert } from "@std/assert";
import { RandomStream } from "../../src/nn/random.ts";
import { unwritten, words } from "../ops/case.ts";
import { Harness } from "./harness.ts";

/** Units of 2^-24, of the pair's radius. */
const LIMIT = 6;

Deno.test("normals are precise to a few units in the last place of their radius", async () => {
  const harness = await Harness.make("exact");
  const each = 50_000;
  const stream = new RandomStream(5, 6);
  const { y } = harness.run({
    name: "normals",
    title: "",
    sizes: { batch: 1, each },
    operands: { keys: words(stream.keys, 1, 2), y: unwritten(1, each) },
    expected: {},
  });
  let worst = 0;
  for (let i = 0; i < each; i++) {
    const radius = Math.sqrt(-2 * Math.log(stream.uniform(i - i % 2)));
    worst = Math.max(worst, Math.abs(y[i] - stream.normal(i)) / radius * 2 ** 24);
  }
  assert(worst <= LIMIT, `off by ${worst} units`);
});

// The streams of random numbers that the library draws from.

import { assert } from "@std/assert";
import { RandomStream } from "../../src/nn/random.ts";
import { normal, randomBits, uniform } from "../reference/random.ts";

Deno.test("RandomStream gives the reference's stream", () => {
  for (const [seed, stream] of [[0, 0], [1, 0], [0, 1], [0xffffffff, 0x80000000], [7, 123456]]) {
    const found = new RandomStream(seed, stream);
    for (const index of [0, 1, 2, 3, 1000, 0xfffffffe]) {
      assert(found.bits(index) === randomBits(seed, stream, index), `${seed} ${stream} ${index}`);
      assert(found.uniform(index) === uniform(seed, stream, index));
      if (index < 2 ** 31) assert(found.normal(index) === normal(seed, stream, index));
    }
  }
});

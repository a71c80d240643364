// Noises dealt out within a batch: the assignment, and what a step makes of it.

import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { completeConfig } from "../../src/model/config.ts";
import { RandomStream } from "../../src/nn/random.ts";
import { assign } from "../../src/train/assignment.ts";
import { nearestNoise } from "../../src/train/immiscible.ts";
import { completeTrainOptions } from "../../src/train/options.ts";
import { exampleInputs } from "../../src/train/step_inputs.ts";
import { data } from "../helpers/close.ts";

/** The least sum over all permutations of the columns. */
function least(costs: Float64Array, n: number, row = 0, taken = new Set<number>()): number {
  if (row === n) return 0;
  let best = Infinity;
  for (let column = 0; column < n; column++) {
    if (taken.has(column)) continue;
    taken.add(column);
    best = Math.min(best, costs[row * n + column] + least(costs, n, row + 1, taken));
    taken.delete(column);
  }
  return best;
}

Deno.test("assign() is a permutation of the least cost", () => {
  for (let n = 1; n <= 7; n++) {
    for (let sample = 0; sample < 12; sample++) {
      // Whole numbers have ties, and negative ones are costs, too.
      const costs = data(n * n, 100 * n + sample, 3).map((v) => sample % 2 ? Math.round(v) : v);
      const columns = assign(costs, n);
      assertEquals([...columns].sort(), Array.from({ length: n }, (_, i) => i));
      const sum = columns.reduce((total, column, row) => total + costs[row * n + column], 0);
      assertAlmostEquals(sum, least(costs, n), 1e-9, `${n}, ${sample}`);
    }
  }
});

Deno.test("nearestNoise() gives images that are noises to themselves", () => {
  const streams = Array.from({ length: 9 }, (_, i) => new RandomStream(3, i));
  const order = [4, 2, 8, 0, 1, 7, 3, 6, 5];
  const images = new Float32Array(
    order.flatMap((at) => Array.from({ length: 10 }, (_, i) => 0.5 * streams[at].normal(i))),
  );
  assertEquals(nearestNoise(images, streams), order.map((at) => streams[at]));
  const far = images.map((value, i) => i % 10 < 4 ? 9 * streams[i % 9].normal(i) : value);
  const counts = (place: number) => place >= 4;
  assertEquals(nearestNoise(far, streams, counts), order.map((at) => streams[at]));
  images[3] = NaN;
  assertEquals(nearestNoise(images, streams), streams);
});

Deno.test("exampleInputs() deals out a step's own noises, and changes nothing else", () => {
  const config = completeConfig({ imageSize: 8, patchSize: 4 });
  const images = Float32Array.from(data(16 * 192, 1));
  const of = (immiscible: boolean) =>
    exampleInputs(config, completeTrainOptions({ batchSize: 16, immiscible }), 5, images);
  const [plain, dealt] = [of(false), of(true)];
  const pairs = (keys: Uint32Array) =>
    Array.from({ length: 16 }, (_, i) => `${keys[2 * i]} ${keys[2 * i + 1]}`);
  assert(pairs(dealt.keys).join() !== pairs(plain.keys).join());
  assertEquals(pairs(dealt.keys).sort(), pairs(plain.keys).sort());
  assertEquals({ ...dealt, keys: plain.keys }, plain);
});

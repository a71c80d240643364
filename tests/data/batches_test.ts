import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertNotEquals,
  assertThrows,
} from "@std/assert";
import { BatchStream, epochOrder } from "../../src/data/batches.ts";
import { hash32 } from "../../src/data/hash.ts";

const range = (n: number) => Array.from({ length: n }, (_, i) => i);

Deno.test("epochOrder() is a permutation that depends on epoch and seed", () => {
  for (const count of [1, 2, 3, 118, 1000]) {
    assertEquals([...epochOrder(7, 3, count)].sort((a, b) => a - b), range(count));
  }
  assertEquals(epochOrder(7, 3, 118), epochOrder(7, 3, 118));
  assertNotEquals(epochOrder(7, 3, 118), epochOrder(7, 4, 118));
  assertNotEquals(epochOrder(7, 3, 118), epochOrder(8, 3, 118));
  assertNotEquals(epochOrder(7, 3, 118), epochOrder(7 + 2 ** 32, 3, 118));
  assertEquals(epochOrder(0, 0, 0), new Uint32Array());
});

Deno.test("epochOrder() never changes, because runs resume on other machines", () => {
  assertEquals([...epochOrder(1, 0, 8)], [4, 3, 5, 7, 6, 0, 1, 2]);
});

Deno.test("epochOrder() puts every image at every place equally often", () => {
  const counts = Array(25).fill(0);
  const trials = 5000;
  for (let seed = 0; seed < trials; seed++) {
    epochOrder(seed, 0, 5).forEach((image, place) => counts[image * 5 + place]++);
  }
  // 1000 expected with a standard deviation of 28.
  for (const count of counts) assertAlmostEquals(count, trials / 5, 140);
});

Deno.test("BatchStream gives a step the same batch however it is reached", () => {
  for (const [batchSize, count] of [[32, 118], [4, 8], [7, 3], [5, 1], [1, 6], [64, 64]]) {
    const options = { seed: 5, batchSize, count };
    const streamed = new BatchStream(options);
    const batches = range(40).map((step) => streamed.indices(step));
    for (const step of [39, 0, 17, 18, 3]) {
      assertEquals(new BatchStream(options).indices(step), batches[step]);
      assertEquals(streamed.indices(step), batches[step]);
    }
  }
});

Deno.test("BatchStream runs from epoch to epoch without a gap, across batches", () => {
  for (const [batchSize, count] of [[4, 10], [10, 4], [3, 7]]) {
    const stream = new BatchStream({ seed: 2, batchSize, count });
    const all = range(count * 3).flatMap((step) => [...stream.indices(step)]);
    for (let epoch = 0; epoch < 3 * batchSize; epoch++) {
      const slice = all.slice(epoch * count, (epoch + 1) * count);
      assertEquals(slice, [...epochOrder(2, epoch, count)], `epoch ${epoch}`);
    }
  }
});

Deno.test("BatchStream reaches a step far into a run as correctly as the first", () => {
  const step = 1_000_000_007;
  const [batchSize, count] = [128, 202_599];
  const indices = new BatchStream({ seed: 1, batchSize, count }).indices(step);
  const position = step * batchSize;
  const order = epochOrder(1, Math.floor(position / count), count);
  assertEquals(indices[0], order[position % count]);
});

Deno.test("BatchStream has the next epoch's order ready in time", () => {
  const options = { seed: 4, batchSize: 1000, count: 300_000 };
  const milliseconds = (stream: BatchStream, step: number) => {
    const start = performance.now();
    stream.indices(step);
    return performance.now() - start;
  };
  const streamed = new BatchStream(options);
  const quotients = [300, 600, 900].map((edge) => {
    for (let step = edge - 300; step < edge; step++) streamed.indices(step);
    return milliseconds(streamed, edge) / milliseconds(new BatchStream(options), edge);
  });
  // One in a hundred; where the machine is busy, one of three is measured in peace.
  assert(Math.min(...quotients) < 0.2, `${quotients}`);
});

Deno.test("BatchStream refuses arguments that make no sense", () => {
  assertThrows(() => epochOrder(0.5, 0, 3), RangeError, "seed 0.5");
  assertThrows(() => epochOrder(0, -1, 3), RangeError, "epoch -1");
  assertThrows(
    () => new BatchStream({ seed: 0, batchSize: 0, count: 3 }),
    RangeError,
    "batchSize 0",
  );
  assertThrows(() => new BatchStream({ seed: 0, batchSize: 1, count: 0 }), RangeError, "count 0");
  const stream = new BatchStream({ seed: 0, batchSize: 1, count: 1 });
  assertThrows(() => stream.indices(-1), RangeError, "step -1");
});

Deno.test("hash32() depends on values, their order, and high bits", () => {
  const hashes = [[1, 2], [2, 1], [1], [1, 2, 0], [1 + 2 ** 32, 2], [-1, 2], [2 ** 32 - 1, 2]]
    .map((values) => hash32(...values));
  assertEquals(new Set(hashes).size, hashes.length);
});

// Random normals against the same streams in float64.

import { RandomStream } from "../../src/nn/random.ts";
import { type OpCase, unwritten, words } from "./case.ts";

const SEEDS = [[0, 0], [0, 1], [3, 0xffffffff], [0xdeadbeef, 5]];

function normals(streams: RandomStream[], each: number): OpCase<"normals"> {
  const batch = streams.length;
  const values = new Float64Array(batch * each);
  // What float32 logarithms, roots and sines keep; a wrong bit of the hash is an error of 1. Near the
  // middle, where the radius comes from the logarithm of a number close to 1, WGSL lets that be off
  // by 2^-21.
  const tolerance = new Float64Array(batch * each);
  streams.forEach((stream, b) => {
    for (let i = 0; i < each; i++) {
      const radius = Math.sqrt(-2 * Math.log(stream.uniform(i - i % 2)));
      values[b * each + i] = stream.normal(i);
      tolerance[b * each + i] = radius < 0.05 ? 1e-4 : 1e-5;
    }
  });
  return {
    name: "normals",
    title: `${batch} x ${each}`,
    sizes: { batch, each },
    operands: {
      keys: words(streams.flatMap(({ keys }) => keys), batch, 2),
      y: unwritten(batch, each),
    },
    expected: { y: { values, tolerance } },
  };
}

// The moments, tails and correlations of a stream are checked beside the reference.
export const CASES: readonly OpCase[] = [
  ...[1, 2, 7, 64, 301].map((each) =>
    normals(SEEDS.map(([seed, stream]) => new RandomStream(seed, stream)), each)
  ),
  normals([new RandomStream(42, 7)], 100_000),
];

// The kernel's random normals against the same stream in float64.

import { assert } from "@std/assert";
import { normals } from "../../kernels/wgsl/random.ts";
import { RandomStream } from "../../src/nn/random.ts";
import { assertSameBits, assertWithin } from "../helpers/close.ts";
import { gpuTest } from "../helpers/gpu.ts";
import { runLaunch } from "../helpers/launch.ts";
import { normal, randomBits, uniform } from "../reference/random.ts";

/**
 * Fails unless all normals are those of `stream` within what float32 logarithms, roots and sines
 * keep; a wrong bit of the hash is an error of 1. Near the middle, where the radius comes from the
 * logarithm of a number close to 1, WGSL lets that be off by 2^-21.
 */
function assertNormals(name: string, found: Float32Array, stream: RandomStream): void {
  found.forEach((value, i) => {
    const radius = Math.sqrt(-2 * Math.log(stream.uniform(i - i % 2)));
    const tolerance = radius < 0.05 ? 1e-4 : 1e-5;
    assertWithin(`${name}, ${i}`, [value], [stream.normal(i)], tolerance);
  });
}

const keysOf = (streams: RandomStream[]) => Uint32Array.from(streams.flatMap(({ keys }) => keys));

Deno.test("RandomStream is the reference's stream", () => {
  for (const [seed, stream] of [[0, 0], [1, 0], [0, 1], [0xffffffff, 0x80000000], [7, 123456]]) {
    const found = new RandomStream(seed, stream);
    for (const index of [0, 1, 2, 3, 1000, 0xfffffffe]) {
      assert(found.bits(index) === randomBits(seed, stream, index), `${seed} ${stream} ${index}`);
      assert(found.uniform(index) === uniform(seed, stream, index));
      if (index < 2 ** 31) assert(found.normal(index) === normal(seed, stream, index));
    }
  }
});

gpuTest("normals are those of RandomStream, row by row", async (gpu) => {
  for (const each of [1, 2, 7, 64, 301]) {
    const seeds = [[0, 0], [0, 1], [3, 0xffffffff], [0xdeadbeef, 5]];
    const streams = seeds.map(([seed, stream]) => new RandomStream(seed, stream));
    const batch = streams.length;
    const { y } = await runLaunch(gpu, normals({ batch, each }), {
      keys: keysOf(streams),
      y: batch * each,
    });
    streams.forEach((stream, b) =>
      assertNormals(`${each}, row ${b}`, y.subarray(b * each, (b + 1) * each), stream)
    );
  }
});

gpuTest("100,000 normals: their moments, tails and correlations", async (gpu) => {
  const each = 100_000;
  const stream = new RandomStream(42, 7);
  const launch = normals({ batch: 1, each });
  const { y } = await runLaunch(gpu, launch, { keys: keysOf([stream]), y: each });
  assertNormals("100,000", y, stream);
  const mean = (f: (v: number, i: number) => number) => {
    let sum = 0;
    for (let i = 0; i < each; i++) sum += f(y[i], i);
    return sum / each;
  };
  // Five standard errors each.
  const within = (found: number, wanted: number, deviation: number) =>
    assert(Math.abs(found - wanted) < 5 * deviation / Math.sqrt(each), `${found} for ${wanted}`);
  within(mean((v) => v), 0, 1);
  within(mean((v) => v * v), 1, Math.SQRT2);
  within(mean((v) => v ** 3), 0, Math.sqrt(15));
  within(mean((v) => v ** 4), 3, Math.sqrt(96));
  within(mean((v) => Math.abs(v) > 2 ? 1 : 0), 0.0455, 0.21);
  within(mean((v, i) => v * y[(i + 1) % each]), 0, 1);
  within(mean((v, i) => v * y[(i + 2) % each]), 0, 1);
  const again = await runLaunch(gpu, launch, { keys: keysOf([stream]), y: each });
  assertSameBits("again", again.y, y);
});

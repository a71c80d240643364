import { assert, assertEquals } from "@std/assert";
import { fillNormal, hashU32, normal, randomBits, streamKeys, uniform } from "./random.ts";

// Five standard errors: a sound generator fails one such check in two million.
const LIMIT = 5;
const DRAWS = 1_000_000;

const HASHES = [0, 2261973619, 229111015, 2578835075];
const BITS = [1909708755, 2973371204, 3275552986, 4231704010, 3788571138, 2426338491];

Deno.test("the generator's numbers never change", () => {
  assertEquals([0, 1, 2, 0xFFFFFFFF].map(hashU32), HASHES);
  const triples = [[0, 0, 0], [0, 0, 1], [0, 1, 0], [1, 0, 0], [42, 7, 1e6], [-1 >>> 0, 3, 5]];
  assertEquals(triples.map(([s, t, i]) => randomBits(s, t, i)), BITS);
});

Deno.test("fillNormal() continues a stream from an offset", () => {
  const whole = fillNormal(new Float32Array(11), 3, 4);
  const part = fillNormal(new Float32Array(6), 3, 4, 5);
  assertEquals(part, whole.slice(5));
  assertEquals(whole[6], Math.fround(normal(3, 4, 6)));
});

Deno.test("uniforms are exact in float32 and never 0 or 1", () => {
  let [low, high] = [1, 0];
  for (let i = 0; i < 100_000; i++) {
    const u = uniform(1, 2, i);
    assert(u === Math.fround(u) && Number.isInteger(u * 2 ** 24) && u * 2 ** 24 % 2 === 1);
    low = Math.min(low, u);
    high = Math.max(high, u);
  }
  assert(low > 0 && low < 1e-4 && high < 1 && high > 1 - 1e-4);
});

Deno.test("normals have the moments of a normal and no correlation at any lag", () => {
  for (const [seed, stream] of [[0, 0], [1, 0], [0, 1], [0xFFFFFFFF, 12345]]) {
    const x = fillNormal(new Float32Array(DRAWS), seed, stream);
    const moment = (power: number) => x.reduce((sum, value) => sum + value ** power, 0) / DRAWS;
    const name = `seed ${seed} stream ${stream}`;
    within(`${name}: mean`, moment(1), 1);
    within(`${name}: variance`, moment(2) - 1, 2);
    within(`${name}: third moment`, moment(3), 15);
    within(`${name}: kurtosis`, moment(4) - 3, 96);
    for (const lag of [1, 2, 3, 4, 64, 256, 768, 3072, 4096]) {
      let sum = 0;
      let squares = 0;
      for (let i = 0; i + lag < DRAWS; i++) {
        sum += x[i] * x[i + lag];
        squares += (x[i] ** 2 - 1) * (x[i + lag] ** 2 - 1);
      }
      within(`${name}: lag ${lag}`, sum / DRAWS, 1);
      within(`${name}: squares at lag ${lag}`, squares / DRAWS, 4);
    }
  }
});

Deno.test("bits are uniform at the top, at the bottom, and in successive pairs", () => {
  for (const [seed, stream] of [[0, 0], [1, 0], [0, 1], [2, 3]]) {
    const top = new Float64Array(1024);
    const bottom = new Float64Array(1024);
    const pairs = new Float64Array(4096);
    let last = randomBits(seed, stream, DRAWS);
    for (let i = 0; i < DRAWS; i++) {
      const bits = randomBits(seed, stream, i);
      top[bits >>> 22]++;
      bottom[bits & 1023]++;
      pairs[(last >>> 26) * 64 + (bits >>> 26)]++;
      last = bits;
    }
    for (const [name, counts] of Object.entries({ top, bottom, pairs })) {
      const expected = DRAWS / counts.length;
      const chi2 = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
      const freedom = counts.length - 1;
      const z = (chi2 - freedom) / Math.sqrt(2 * freedom);
      assert(Math.abs(z) < LIMIT, `${name} of seed ${seed} stream ${stream}: chi^2 at ${z} sigma`);
    }
  }
});

Deno.test("streams and seeds are not correlated with one another", () => {
  const draws = 100_000;
  const streams: [string, Float32Array][] = [];
  for (const seed of [0, 1, 2, 3]) {
    for (const stream of [0, 1, 2, 3]) {
      streams.push([`${seed}/${stream}`, fillNormal(new Float32Array(draws), seed, stream)]);
    }
  }
  for (const [i, [nameA, a]] of streams.entries()) {
    for (const [nameB, b] of streams.slice(0, i)) {
      const sum = a.reduce((total, value, j) => total + value * b[j], 0);
      within(`${nameA} with ${nameB}`, sum / draws, 1, draws);
    }
  }
});

Deno.test("the same index over successive seeds or streams is random, too", () => {
  const draws = 200_000;
  const sequences: Record<string, (i: number) => number> = {
    seeds: (i) => normal(i, 0, 0),
    streams: (i) => normal(0, i, 1),
    diagonal: (i) => normal(i, i, 2),
  };
  for (const [name, at] of Object.entries(sequences)) {
    const x = Float64Array.from({ length: draws }, (_, i) => at(i));
    within(`${name}: mean`, x.reduce((sum, v) => sum + v, 0) / draws, 1, draws);
    within(`${name}: variance`, x.reduce((sum, v) => sum + v * v - 1, 0) / draws, 2, draws);
    const lagged = x.reduce((sum, v, i) => sum + v * (i > 0 ? x[i - 1] : 0), 0);
    within(`${name}: lag 1`, lagged / draws, 1, draws);
  }
});

Deno.test("no stream is a shifted window of another, and no two have the same keys", () => {
  const heads = new Map<number, number>(); // first bits of a stream -> stream
  for (let stream = 0; stream < 32768; stream++) heads.set(randomBits(5, stream, 0), stream);
  const keys = new Set<string>();
  for (let i = 0; i < 256; i++) {
    for (let j = 0; j < 256; j++) keys.add(streamKeys(i, j).join());
  }
  assertEquals(keys.size, 65536);
  let meetings = 0;
  for (let i = 0; i < 2_000_000; i++) {
    const met = heads.get(randomBits(5, 1_000_000, i));
    if (met === undefined) continue;
    meetings++;
    assert(randomBits(5, 1_000_000, i + 1) !== randomBits(5, met, 1), `shifted by ${i}: ${met}`);
  }
  assert(meetings > 0, "no two streams met, so nothing was tested");
});

/** `mean` of `draws` values of this variance must be within LIMIT standard errors of zero. */
function within(name: string, mean: number, variance: number, draws = DRAWS): void {
  const z = mean / Math.sqrt(variance / draws);
  assert(Math.abs(z) < LIMIT, `${name} is ${z} standard errors off`);
}

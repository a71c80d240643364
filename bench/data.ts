/**
 * How fast images come, without a network that would wait for them.
 *
 *     deno run -A bench/data.ts [--size 64] [--batch 64] [--steps 1000] SOURCE
 *     deno run -A bench/data.ts --make 1000000 [--size 64] FILE
 *
 * The first decodes SOURCE into a new cache, as a first run does, then asks for batch after batch,
 * as a device would that takes no time: images per second of both, the slowest batch and the memory.
 * The second makes a prepared set of as many pictures of noise.
 *
 * @module
 */
import { parseArgs } from "@std/cli";
import { TrainingBatches } from "../src/run/batches.ts";
import { loadSplits } from "../src/data/dataset.ts";
import { idxName } from "../src/data/idx.ts";
import { prepare } from "../src/data/prepare.ts";

const { _: [path], ...flags } = parseArgs(Deno.args, {
  string: ["size", "batch", "steps", "make", "_"],
});
const imageSize = Number(flags.size ?? 64);
const picture = { imageSize, channels: 3 } as const;
const batchSize = Number(flags.batch ?? 64);
const steps = Number(flags.steps ?? 1000);
if (path === undefined) throw new Error("Name a source, or with --make the file to write");
const seconds = (since: number) => (performance.now() - since) / 1000;
const mib = (bytes: number) => `${(bytes / 2 ** 20).toFixed(0)} MiB`;

if (flags.make === undefined) await measure(String(path));
else await make(String(path), Number(flags.make));

async function measure(source: string): Promise<void> {
  const cache = await Deno.makeTempDir();
  try {
    const start = performance.now();
    const splits = await loadSplits({ source, ...picture, cache });
    const { train, valid } = splits;
    const count = train.count + (valid === train ? 0 : valid.count);
    const loaded = seconds(start);
    console.log(
      `${count} images ready in ${loaded.toFixed(1)} s, ${(count / loaded).toFixed(0)} a second`,
    );
    const batches = new TrainingBatches(train, {
      ...{ seed: 0, batchSize, picture, flip: true, steps },
    });
    await batches.at(0);
    const begin = performance.now();
    let slowest = 0;
    for (let step = 1; step < steps; step++) {
      const asked = performance.now();
      await batches.at(step);
      slowest = Math.max(slowest, performance.now() - asked);
    }
    const rate = (steps - 1) * batchSize / seconds(begin);
    console.log(
      `${steps} batches of ${batchSize}: ${rate.toFixed(0)} images a second, the slowest took ` +
        `${slowest.toFixed(1)} ms; ${mib(Deno.memoryUsage().rss)} resident`,
    );
    splits.close();
  } finally {
    await Deno.remove(cache, { recursive: true });
  }
}

async function make(file: string, count: number): Promise<void> {
  const start = performance.now();
  const pixels = new Uint8Array(3 * imageSize ** 2);
  for (let i = 0; i < pixels.length; i += 65536) {
    crypto.getRandomValues(pixels.subarray(i, i + 65536));
  }
  const source = {
    name: "noise",
    names: Array.from({ length: count }, (_, i) => idxName(i)),
    fingerprint: `noise ${count}`,
    fixedSplit: false,
    decoder: () => ({
      capacity: 64,
      // Their first bytes differ.
      decode: (index: number) => {
        const own = pixels.slice();
        new DataView(own.buffer).setUint32(0, index);
        return Promise.resolve(own);
      },
      close: () => {},
    }),
    labels: () => Promise.resolve(undefined),
  };
  await prepare(source, file, { picture });
  console.log(
    `${file}: ${count} images in ${seconds(start).toFixed(0)} s; ` +
      `${mib(Deno.memoryUsage().rss)} resident`,
  );
}

import { assert, assertEquals } from "@std/assert";
import { measureDistances } from "../../cli/evaluation/distances.ts";
import type { EvaluationParts } from "../../cli/evaluation/parts.ts";
import { Terminal } from "../../cli/terminal/terminal.ts";
import type { ImageSet } from "../../src/data/image_set.ts";
import type { Rin } from "../../src/diffusion/rin.ts";
import type { SampleOptions } from "../../src/diffusion/sample_options.ts";
import type { FeatureSpace } from "../../src/eval/feature_set.ts";
import type { Gaussian } from "../../src/eval/statistics.ts";
import { rgb } from "../helpers/rgb.ts";

const SIZE = 4;
const EACH = 3 * SIZE * SIZE;

/** The first pixel of an image, and its square. */
const pixels: FeatureSpace = {
  name: "pixels",
  dimension: 2,
  features: (images) =>
    Promise.resolve(Array.from({ length: images.length / EACH }, (_, i) => {
      const value = images[i * EACH];
      return Float32Array.of(value, value * value);
    })),
};

/** 20 gray images, labeled 0, 0, 0, 0, 1, 1, 1, 1, ... */
const train: ImageSet = {
  name: "greys",
  imageSize: SIZE,
  count: 20,
  labels: Uint32Array.from({ length: 20 }, (_, i) => Math.floor(i / 4)),
  classNames: ["a", "b", "c", "d", "e"],
  read: (indices) =>
    Promise.resolve(Uint8Array.from(
      { length: indices.length * EACH },
      (_, p) => 12 * indices[Math.floor(p / EACH)],
    )),
};

/** Measures with a network that draws gray i of the data for image i, and notes what it was asked. */
async function measure(changes: Partial<EvaluationParts>, numClasses = 0) {
  const asked: SampleOptions[] = [];
  const rin = {
    config: { ...rgb(SIZE), frames: 1, numClasses },
    samples: async function* (options: SampleOptions) {
      asked.push(options);
      const { count = 0, batchSize = 1 } = options;
      for (let first = 0; first < count; first += batchSize) {
        const length = Math.min(batchSize, count - first);
        const images = Float32Array.from(
          { length: length * EACH },
          (_, p) => 12 * (first + Math.floor(p / EACH)) / 127.5 - 1,
        );
        yield await Promise.resolve({ images });
      }
    },
  } as unknown as Rin;
  const distances = await measureDistances({
    rin,
    data: { data: "greys" },
    training: { seed: 0, selfCondRate: 0 },
    counts: { count: 20, dataCount: 100, validCount: 1, levels: 1 },
    sampler: { batchSize: 8 },
    terminal: new Terminal(true),
    stop: new AbortController().signal,
    ...changes,
  }, train);
  return { distances, asked };
}

Deno.test("measureDistances() gives 0 for samples equal to the data", async () => {
  const { distances: [own, ...others], asked } = await measure({});
  assertEquals(others, []);
  assertEquals([own.sampleCount, own.dataCount], [20, 20]);
  assert(own.frechet < 1e-6 && own.halves! > 1e-3, `${own.frechet} ${own.halves}`);
  assertEquals([own.precision, own.recall], [1, 1]);
  assertEquals(asked.map(({ count, labels }) => [count, labels]), [[20, undefined]]);
});

Deno.test("measureDistances() asks a network of classes for the data's classes", async () => {
  const counts = { count: 10, dataCount: 100, validCount: 1, levels: 1 };
  const { asked } = await measure({ counts }, 5);
  assertEquals(asked[0].labels, [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]);
});

Deno.test("measureDistances() gives the same FID against images and against their statistics", async () => {
  let kept: Gaussian | undefined;
  const onStatistics = (statistics: Gaussian) => Promise.resolve(void (kept = statistics));
  const { distances: [, first] } = await measure({ fid: { space: pixels, onStatistics } });
  assertEquals([first.space, first.dataCount, first.sampleCount], ["pixels", 20, 20]);
  assert(first.frechet < 1e-9);
  assertEquals(first.precision, undefined);
  const moved = { ...kept!, mean: kept!.mean.map((value) => value + 2) };
  const { distances: [, second] } = await measure({ fid: { space: pixels, statistics: moved } });
  assertEquals(second.dataCount, undefined);
  assert(Math.abs(second.frechet - 8) < 1e-6, `${second.frechet}`);
});

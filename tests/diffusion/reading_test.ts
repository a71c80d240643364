// Where the latents read, against the float64 reference of the whole network.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { recordSampling } from "../../src/diffusion/inference.ts";
import { readCoverage, readEntropy, readMap } from "../../src/diffusion/reading_measures.ts";
import {
  type Reading,
  type ReadWeights,
  readWeights,
  watchReading,
} from "../../src/diffusion/reading.ts";
import { Rin } from "../../src/diffusion/rin.ts";
import type { SampleOptions } from "../../src/diffusion/sample_options.ts";
import type { Device } from "../../src/device/device.ts";
import { readCheckpoint, writeCheckpoint } from "../../src/model/checkpoint.ts";
import type { RinConfig } from "../../src/model/config.ts";
import { keepReads } from "../../src/model/reads.ts";
import { RandomStream, seedFor } from "../../src/nn/random.ts";
import { assertSameBits, assertWithin, data, largest } from "../helpers/close.ts";
import { cpuTest, deviceTest } from "../helpers/devices.ts";
import { probabilities } from "../reference/attention.ts";
import { layerNorm } from "../reference/layer_norm.ts";
import { linear } from "../reference/matmul.ts";
import { type Parameters, rin as rinReference, type RinReferenceInput } from "../reference/rin.ts";

const SMALL: Partial<RinConfig> = {
  ...{ imageSize: 8, patchSize: 2, latentDim: 24, interfaceDim: 12, numLatents: 5 },
  ...{ numBlocks: 2, blockDepth: 1, numHeads: 2, prediction: "x0", schedule: "linear" },
};
const PIXELS = 3 * 8 * 8;

/** A network whose parameters all count: attention is far from even, and latents carry over. */
async function lively(device: Device, changes: Partial<RinConfig>): Promise<Rin> {
  const fresh = await Rin.create(device, { ...SMALL, ...changes }, { seed: 3 });
  const checkpoint = readCheckpoint(await fresh.save());
  const { layout } = fresh.weights;
  fresh.destroy();
  for (const { name, offset, size } of layout.parameters) {
    if (name.startsWith("latent_initializer.layer_norm")) {
      checkpoint.slabs.parameters.set(data(size, 400), offset);
    }
    if (name.includes("read_attention")) {
      checkpoint.slabs.parameters.set(data(size, 401, 0.3), offset);
    }
  }
  return Rin.load(device, writeCheckpoint(checkpoint));
}

/** Weights of each block's read, (heads, latents, tokens), in float64 from the streams before it. */
async function referenceReads(rin: Rin, input: RinReferenceInput): Promise<Float64Array[]> {
  const { config } = rin;
  const params: Parameters = new Map(
    Object.entries(await rin.parameters()).map(([name, values]) => [
      name,
      Float64Array.from(values),
    ]),
  );
  const { mid } = rinReference(config, params, input);
  const eps = config.layers === "paper" ? 1e-6 : 1e-5;
  return Array.from({ length: config.numBlocks }, (_, i) => {
    const z = mid.get(i === 0 ? "Z_time" : `block${i - 1}.Z`)!;
    const x = mid.get(i === 0 ? "X_tokens" : `block${i - 1}.X`)!;
    const parameter = (name: string) => params.get(`blocks.${i}.${name}`)!;
    const width = parameter("read_attention.out_proj.weight").length / config.latentDim;
    const packed = params.get(`blocks.${i}.read_attention.in_proj_weight`);
    const bias = parameter("read_attention.in_proj_bias");
    const project = (letter: "q" | "k", stream: Float64Array, inputs: number) => {
      const part = letter === "q" ? 0 : 1;
      return linear(
        stream,
        packed?.subarray(part * width * width, (part + 1) * width * width) ??
          parameter(`read_attention.${letter}_proj_weight`),
        bias.subarray(part * width, (part + 1) * width),
        { rows: stream.length / inputs, inputs, outputs: width },
      );
    };
    const normed = layerNorm(z, parameter("read_norm.weight"), parameter("read_norm.bias"), eps);
    const q = project("q", normed, config.latentDim);
    const k = project("k", x, config.interfaceDim);
    const [queries, keys, heads] = [q.length / width, k.length / width, config.readWriteHeads];
    const shape = { batch: 1, queries, keys, width, heads };
    return Float64Array.from(
      Array.from({ length: heads * queries }, (_, row) => [
        ...probabilities(q, k, shape, 0, Math.floor(row / queries), row % queries),
      ]).flat(),
    );
  });
}

/** The noise of image 0 of seed 4. */
const noise = (() => {
  const stream = new RandomStream(new RandomStream(seedFor(4, "sample"), 0).bits(0), 0);
  return Float64Array.from({ length: PIXELS }, (_, i) => stream.normal(i));
})();

async function watched(rin: Rin, options: SampleOptions) {
  const readings: Reading[] = [];
  const onReading = async (reading: Reading) => {
    await new Promise((resolve) => setTimeout(resolve, 1));
    readings.push(reading);
  };
  const image = await watchReading(rin, { seed: 4, sampler: "ddim", ...options, onReading });
  return { image, readings };
}

function assertReads(name: string, { blocks }: Reading, reference: readonly Float64Array[]) {
  assertEquals(blocks.length, reference.length);
  blocks.forEach(({ weights, tokens }, i) => {
    assertWithin(`${name}, block ${i}`, weights, reference[i], 1e-4);
    assert(largest(weights) > 3 / tokens, "far from even");
    for (let row = 0; row < weights.length; row += tokens) {
      const sum = weights.subarray(row, row + tokens).reduce((a, b) => a + b, 0);
      assertWithin(`${name}, block ${i}, row ${row / tokens}`, [sum], [1], 1e-6);
    }
  });
}

deviceTest("watchReading() gives the softmax of each step's reads", async (device) => {
  const rin = await lively(device, {});
  const { image, readings } = await watched(rin, { steps: 2, estimates: 2 });
  assertEquals(readings.map(({ done }) => done), [1, 2]);
  const at = (t: number) => Float64Array.of(t);
  assertReads("step 1", readings[0], await referenceReads(rin, { x: noise, t: at(1) }));
  const first = await rin.predict(Float32Array.from(noise), Float32Array.of(1));
  const zPrev = Float64Array.from(first.latents);
  const clipped = first.output.map((value) => Math.max(-1, Math.min(1, value)));
  const noised = (picture: ArrayLike<number>) =>
    noise.map((value, i) => Math.SQRT1_2 * (picture[i] + value));
  const second = { x: noised(clipped), t: at(0.5), zPrev };
  assertReads("step 2", readings[1], await referenceReads(rin, second));
  assertSameBits("the image at last", readings[1].image, image);

  // Of a given picture: its own noised form takes the place of what came of step 1.
  const picture = Float32Array.from(data(PIXELS, 7, 0.5));
  const given = { image: picture, mask: new Float32Array(PIXELS / 3) };
  const { image: kept, readings: [, found] } = await watched(rin, {
    ...{ steps: 2, estimates: 2 },
    ...given,
  });
  const wanted = await referenceReads(rin, { ...second, x: noised(picture) });
  assertReads("a given picture", found, wanted);
  assertWithin("which is kept", kept, picture, 1e-6);
  rin.destroy();
});

deviceTest(
  "watchReading() gives the guided pass of the paper's network, packed or not",
  async (device) => {
    for (
      const changes of [
        { layers: "paper", timeConditioning: "token", readWriteHeads: 1 },
        { latentDim: 12 },
      ] as const
    ) {
      const rin = await lively(device, { ...changes, numClasses: 3 });
      const before = device.bytes;
      const { readings } = await watched(rin, { steps: 1, labels: [1], guidance: 2 });
      assertEquals(device.bytes, before, "all memory is given back");
      const input = { x: noise, t: Float64Array.of(1), labels: [1] };
      assertReads(JSON.stringify(changes), readings[0], await referenceReads(rin, input));
      rin.destroy();
    }
  },
);

deviceTest("watchReading() draws the same bits as Rin.sample()", async (device) => {
  const rin = await lively(device, { numClasses: 3 });
  const options = { count: 3, indices: [2], steps: 3, labels: [1], guidance: 1.5 };
  const steps: [number, number][] = [];
  const onStep = (done: number, total: number) => void steps.push([done, total]);
  const { image } = await watched(rin, { ...options, sampler: "ddpm", onStep });
  assertSameBits("image", image, await rin.sample({ ...options, seed: 4, sampler: "ddpm" }));
  assertEquals(steps, [[1, 3], [2, 3], [3, 3]]);
  rin.destroy();
});

cpuTest("only a plan that is asked to keeps its reads, by two copies a block", async (device) => {
  const rin = await lively(device, {});
  const { plan } = recordSampling(rin.config, rin.weights, 1);
  const before = [...plan.operations];
  const reads = keepReads(plan, 2);
  const added = plan.operations.filter((operation) => !before.includes(operation));
  assertEquals(added.map(({ name, phase }) => [name, phase]), Array(4).fill(["copy", "step"]));
  assertEquals(plan.operations.filter((operation) => !added.includes(operation)), before);
  assertEquals(reads.map(({ sizes: { queries, keys } }) => [queries, keys]), [[5, 16], [5, 16]]);
  rin.destroy();
});

cpuTest("watchReading() watches one image", async (device) => {
  const rin = await Rin.create(device, SMALL);
  const options = { count: 2, onReading: () => {} };
  await assertRejects(() => watchReading(rin, options), RangeError, "Cannot watch 2 images");
  rin.destroy();
});

Deno.test("readWeights() finds queries and keys among other columns", () => {
  const [q, k] = [data(2 * 4, 11), data(3 * 4, 12)];
  const wide = (matrix: Float64Array, stride: number, start: number) => {
    const rows = new Float32Array(matrix.length / 4 * stride).fill(9);
    matrix.forEach((value, i) => rows[Math.floor(i / 4) * stride + start + i % 4] = value);
    return rows;
  };
  const { weights } = readWeights(wide(q, 6, 1), wide(k, 9, 3), {
    ...{ batch: 1, heads: 2, d: 2, queries: 2, keys: 3 },
    ...{ qStride: 6, qStart: 1, kvStride: 9, kStart: 3, vStart: 5 },
  });
  const shape = { batch: 1, queries: 2, keys: 3, width: 4, heads: 2 };
  const rows = [0, 1, 2, 3].map((row) => probabilities(q, k, shape, 0, row >> 1, row % 2));
  assertWithin("weights", weights, rows.flatMap((row) => [...row]), 1e-7);
});

Deno.test("maps, entropy and coverage say how a read is spread", () => {
  // Two heads and two latents: even, on one token, on two, and on three of four.
  const rows = [[1, 1, 1, 1], [0, 4, 0, 0], [2, 2, 0, 0], [2, 1, 1, 0]].map((row) =>
    row.map((weight) => weight / 4)
  );
  const read: ReadWeights = {
    ...{ heads: 2, latents: 2, tokens: 4 },
    weights: Float32Array.from(rows.flat()),
  };
  assertWithin("entropy", [readEntropy(read)], [(2 + 0 + 1 + 1.5) / 4], 1e-12);
  assertEquals([...readMap([read], { head: 1, latent: 0 })], rows[2]);
  assertEquals([...readMap([read], { head: 0 })], [1 / 8, 5 / 8, 1 / 8, 1 / 8]);
  assertEquals([...readMap([read], { latent: 1 })], [1 / 4, 5 / 8, 1 / 8, 0]);
  assertEquals([...readMap([read])], [5 / 16, 8 / 16, 2 / 16, 1 / 16]);
  const ones: ReadWeights = { ...read, weights: Float32Array.from(Array(4).fill(rows[1]).flat()) };
  assertEquals([...readMap([read, ones], { head: 0, latent: 0 })], [1 / 8, 5 / 8, 1 / 8, 1 / 8]);
  assertEquals(rows.map(readCoverage), [1 / 2, 1 / 8, 1 / 4, 1 / 4]);
  assertEquals(readCoverage([3, 2, 3]), (1 + 1 / 3) / 3);
});

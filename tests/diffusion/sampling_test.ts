// Batches, previews, interpolation, inpainting and variations, as the library's user sees them.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { Rin } from "../../src/diffusion/rin.ts";
import { SAMPLERS } from "../../src/diffusion/samplers.ts";
import type { SampledBatch, SampleOptions } from "../../src/diffusion/sample_options.ts";
import { assertSameBits, assertWithin, data, largest } from "../helpers/close.ts";
import { deviceTest } from "../helpers/devices.ts";

const SMALL = {
  imageSize: 8,
  patchSize: 4,
  latentDim: 16,
  interfaceDim: 8,
  numLatents: 4,
  numBlocks: 1,
  numHeads: 2,
};
const PIXELS = 3 * 8 * 8;
const picture = Float32Array.from(data(PIXELS, 500, 0.4));

const image = (images: Float32Array<ArrayBuffer>, i: number) =>
  images.slice(i * PIXELS, (i + 1) * PIXELS);
const difference = (a: Float32Array, b: Float32Array) => largest(a.map((v, i) => v - b[i]));

deviceTest(
  "Rin.samples() gives batches with their numbers, and takes any numbers",
  async (gpu) => {
    const rin = await Rin.create(gpu, SMALL);
    const options: SampleOptions = { count: 5, steps: 3, seed: 6 };
    const all = await rin.sample(options);
    const batches: SampledBatch[] = [];
    for await (const batch of rin.samples({ ...options, batchSize: 2 })) batches.push(batch);
    assertEquals(batches.map(({ indices }) => indices), [[0, 1], [2, 3], [4]]);
    for (const { indices, images } of batches) {
      indices.forEach((i, k) => assertSameBits(`image ${i}`, image(images, k), image(all, i)));
    }
    const some = await rin.sample({ ...options, indices: [4, 1, 3], batchSize: 2 });
    [4, 1, 3].forEach((i, k) => assertSameBits(`image ${i}`, image(some, k), image(all, i)));
    rin.destroy();
  },
);

deviceTest("Rin.samples() gives each image what its seed alone gives", async (gpu) => {
  const rin = await Rin.create(gpu, { ...SMALL, numClasses: 3 });
  const steps = { steps: 3, guidance: 2, sampler: "ddpm" } as const;
  const wanted = [[7, 0, 2], [9, 3, -1], [7, 1, 0], [0, 0, 1]]; // seed, number, class
  const [seeds, indices, labels] = [0, 1, 2].map((i) => wanted.map((row) => row[i]));
  const together = await rin.sample({ ...steps, seeds, indices, labels, batchSize: 3 });
  for (const [k, [seed, index, label]] of wanted.entries()) {
    const alone = await rin.sample({ ...steps, seed, indices: [index], labels: [label] });
    assertSameBits(`image ${index} of seed ${seed}`, image(together, k), alone);
  }
  const refuse = (options: SampleOptions, message: string) =>
    assertRejects(() => rin.sample(options), RangeError, message);
  await refuse({ seeds: [1], count: 2 }, "seeds is [1]: expected a list of 2, each a whole number");
  await refuse({ seeds: [1, 2], count: 2, interpolate: [1, 2] }, "interpolate takes no other");
  rin.destroy();
});

deviceTest("Rin keeps as many plans as asked, and uses one that is nearly full", async (gpu) => {
  const rin = await Rin.create(gpu, SMALL);
  const alone = await rin.sample({ count: 6, steps: 2, seed: 4 });
  const bytes: number[] = [];
  const make = async (count: number, maxPlans: number) => {
    const images = await rin.sample({ count, steps: 2, seed: 4, maxPlans });
    assertSameBits(`${count} images`, images, alone.slice(0, count * PIXELS));
    bytes.push(gpu.bytes);
  };
  await make(6, 3);
  await make(5, 3); // in the plan of 6
  await make(4, 3); // in the plan of 6
  await make(3, 3);
  await make(1, 3);
  await make(6, 3);
  await make(1, 3);
  assert(bytes[0] === bytes[2] && bytes[2] < bytes[3] && bytes[3] < bytes[4], `${bytes}`);
  assertEquals(bytes.slice(5), [bytes[4], bytes[4]]);
  await make(6, 1);
  assertEquals(bytes.at(-1), bytes[0]);
  rin.destroy();
});

deviceTest("Rin.sample() stops between two steps at a signal", async (gpu) => {
  const rin = await Rin.create(gpu, SMALL);
  const controller = new AbortController();
  let steps = 0;
  const onStep = () => ++steps === 3 && controller.abort(new Error("enough"));
  const run = () => rin.sample({ count: 2, steps: 50, signal: controller.signal, onStep });
  await assertRejects(run, Error, "enough");
  assertEquals(steps, 3);
  assertEquals((await rin.sample({ count: 1, steps: 1 })).length, PIXELS);
  rin.destroy();
});

deviceTest("Rin.sample() gives estimates evenly, the last being the images", async (gpu) => {
  const rin = await Rin.create(gpu, SMALL);
  const seen: (SampledBatch & { done: number })[] = [];
  const options: SampleOptions = { count: 3, steps: 10, batchSize: 2, sampler: "ddim" };
  const onEstimate = (estimate: typeof seen[number]) => seen.push(estimate);
  const images = await rin.sample({ ...options, estimates: 4, onEstimate });
  assertEquals(seen.map(({ done }) => done), [3, 5, 8, 10, 3, 5, 8, 10]);
  assertEquals(seen.map(({ indices }) => indices.length), [2, 2, 2, 2, 1, 1, 1, 1]);
  assertSameBits("last", seen[3].images, images.slice(0, 2 * PIXELS));
  assertSameBits("last of the second batch", seen[7].images, image(images, 2));
  // The first estimate of a run of one step is its result.
  const first: Float32Array[] = [];
  const one = await rin.sample({ count: 1, steps: 1, sampler: "ddim" });
  await rin.sample({
    ...options,
    count: 1,
    estimates: 10,
    onEstimate: ({ images }) => first.push(images),
  });
  assertSameBits("first", first[0], one);
  assertEquals(first.length, 10);
  rin.destroy();
});

deviceTest("Rin.sample() interpolates from one seed's image to the other's", async (gpu) => {
  const rin = await Rin.create(gpu, SMALL);
  for (const sampler of ["ddim", "ddpm"] as const) {
    const options: SampleOptions = { steps: 4, sampler };
    const between = { ...options, count: 9, interpolate: [3, 8] as const };
    const all = await rin.sample({ ...between, batchSize: 4 });
    for (const [seed, i] of [[3, 0], [8, 8]]) {
      const alone = await rin.sample({ ...options, count: 1, seed });
      assertSameBits(`seed ${seed}`, image(all, i), alone);
    }
    const whole = difference(image(all, 0), image(all, 8));
    for (let i = 0; i < 8; i++) {
      const step = difference(image(all, i), image(all, i + 1));
      assert(step > 0 && step < 0.7 * whole, `${sampler}: ${i} differs by ${step} of ${whole}`);
    }
    const some = await rin.sample({ ...between, indices: [5] });
    assertSameBits("image 5 alone", some, image(all, 5));
  }
  rin.destroy();
});

deviceTest("Rin.sample() keeps what the mask keeps, and redraws the rest", async (gpu) => {
  const rin = await Rin.create(gpu, SMALL);
  const mask = Float32Array.from({ length: 64 }, (_, i) => i % 8 < 3 ? 1 : 0);
  for (const sampler of SAMPLERS) {
    for (const schedule of ["cosine", "sigmoid"]) {
      const network = await Rin.create(gpu, { ...SMALL, schedule, inputScale: 0.7 });
      const options = { count: 2, steps: 6, sampler, image: picture, mask, clip: 0.9 } as const;
      const made = await network.sample(options);
      for (const i of [0, 1]) {
        const found = image(made, i);
        const kept = (_: number, k: number) => mask[k % 64] === 0;
        assertWithin(`${sampler} ${schedule}`, found.filter(kept), picture.filter(kept), 1e-6);
        const painted = found.filter((_, k) => mask[k % 64] === 1);
        assert(difference(painted, picture.filter((_, k) => mask[k % 64] === 1)) > 0.1);
        const beyond = sampler === "renoise" ? 1.5 : 1; // it ends on gamma(0), which may be below 1
        assert(largest(painted) <= beyond, `${sampler} ${schedule}`);
      }
      network.destroy();
    }
  }
  // What is kept is seen on the way: another picture around it changes what is painted.
  const other = picture.map((v, k) => mask[k % 64] === 1 ? v : -v);
  const painted = async (image: Float32Array<ArrayBuffer>) =>
    (await rin.sample({ count: 1, steps: 6, image, mask })).filter((_, k) => mask[k % 64] === 1);
  assert(difference(await painted(picture), await painted(other)) > 1e-4);
  rin.destroy();
});

deviceTest(
  "Rin.sample() gives the picture back at strength 0, and hardly knows it at 1",
  async (gpu) => {
    const rin = await Rin.create(gpu, SMALL);
    const options = { count: 2, steps: 5, sampler: "dpm++", image: picture } as const;
    const at = (strength: number) => rin.sample({ ...options, strength });
    for (const i of [0, 1]) assertSameBits("0", image(await at(0), i), picture);
    const full = await at(1);
    assertWithin("1", full, await rin.sample({ count: 2, steps: 5, sampler: "dpm++" }), 1e-2);
    // A network that predicts nothing leaves x0 = 0: what comes out then differs from the picture.
    const [little, much] = [await at(0.05), await at(0.9)];
    assert(difference(little, much) > 1e-3);
    rin.destroy();
  },
);

deviceTest("Rin.sample() refuses pictures, masks, and shares that don't fit", async (gpu) => {
  const rin = await Rin.create(gpu, SMALL);
  const mask = new Float32Array(64);
  const refused: [SampleOptions, string][] = [
    [{ image: new Float32Array(5) }, `image has 5 numbers: expected ${PIXELS}`],
    [{ image: picture, mask: new Float32Array(5) }, "mask has 5 numbers: expected 64"],
    [{ mask }, "mask needs an image"],
    [{ strength: 0.5 }, "strength needs an image"],
    [{ image: picture, strength: 1.5 }, "strength is 1.5: expected a number from 0 to 1"],
    [{ interpolate: [1, 2], count: 1 }, "interpolate needs a count of 2 or more"],
  ];
  for (const [options, message] of refused) {
    await assertRejects(() => rin.sample(options), RangeError, message);
  }
  rin.destroy();
});

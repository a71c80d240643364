// Sampling with classes: labels by image, and guidance by two passes that keep their own latents.

import { assert, assertRejects } from "@std/assert";
import { Rin } from "../../src/diffusion/rin.ts";
import type { SampleOptions } from "../../src/diffusion/sample_options.ts";
import type { Device } from "../../src/device/device.ts";
import { readCheckpoint, writeCheckpoint } from "../../src/model/checkpoint.ts";
import type { RinConfig } from "../../src/model/config.ts";
import { RandomStream, seedFor } from "../../src/nn/random.ts";
import { assertSameBits, assertWithin, data, largest } from "../helpers/close.ts";
import { deviceTest } from "../helpers/devices.ts";

const CONFIG: Partial<RinConfig> = {
  ...{ imageSize: 8, patchSize: 4, latentDim: 24, interfaceDim: 12, numLatents: 5, numHeads: 2 },
  ...{ timeConditioning: "token", numClasses: 3, selfConditioning: "both", schedule: "linear" },
};
const PIXELS = 3 * 8 * 8;

/** A network to which class, latents and interface of before matter. */
async function trained(gpu: Device): Promise<Rin> {
  const fresh = await Rin.create(gpu, CONFIG, { seed: 2 });
  const checkpoint = readCheckpoint(await fresh.save());
  for (const { name, offset, size } of fresh.weights.layout.parameters) {
    if (/_initializer\.layer_norm/.test(name)) {
      checkpoint.slabs.parameters.set(data(size, 420), offset);
    }
  }
  fresh.destroy();
  return Rin.load(gpu, writeCheckpoint(checkpoint));
}

deviceTest("Rin.sample() with guidance mixes two chains of passes at each step", async (gpu) => {
  const rin = await trained(gpu);
  const options: SampleOptions = { count: 2, sampler: "ddim", clip: false, seed: 4, guidance: 2.5 };
  const labels = [2, 0];
  const images = new RandomStream(seedFor(4, "sample"), 0);
  const xT = Float32Array.from(
    { length: 2 * PIXELS },
    (_, i) => new RandomStream(images.bits(Math.floor(i / PIXELS)), 0).normal(i % PIXELS),
  );
  const mix = (free: Float32Array, guided: Float32Array) =>
    free.map((v, i) => v + 2.5 * (guided[i] - v));
  const t = Float32Array.of(1, 1);
  const [guided, free] = [await rin.predict(xT, t, { labels }), await rin.predict(xT, t)];
  const x0 = mix(free.output, guided.output);
  assertWithin("one step", await rin.sample({ ...options, labels, steps: 1 }), x0, 2e-4);
  const half = Float32Array.from(xT, (v, i) => Math.SQRT1_2 * (x0[i] + v));
  const later = Float32Array.of(0.5, 0.5);
  const wanted = mix(
    (await rin.predict(half, later, { previous: free })).output,
    (await rin.predict(half, later, { previous: guided, labels })).output,
  );
  const twice = await rin.sample({ ...options, labels, steps: 2 });
  assertWithin("two steps", twice, wanted, 1e-3);
  const shared = mix(
    (await rin.predict(half, later, { previous: guided })).output,
    (await rin.predict(half, later, { previous: guided, labels })).output,
  );
  assert(largest(shared.map((v, i) => v - twice[i])) > 1e-2, "latents of its own matter");
  rin.destroy();
});

deviceTest(
  "Rin.sample() uses an image's class for it alone, and guidance 1 for none",
  async (gpu) => {
    const start = gpu.bytes;
    const rin = await trained(gpu);
    const options = { count: 3, steps: 3, seed: 1 };
    const image = (images: Float32Array, i: number) => images.slice(i * PIXELS, (i + 1) * PIXELS);
    const all = await rin.sample({ ...options, labels: [0, 1, -1] });
    const none = await rin.sample(options);
    assertSameBits("no class", image(all, 2), image(none, 2));
    assert(largest(image(all, 0).map((v, i) => v - none[i])) > 1e-3, "class 0");
    const apart = await rin.sample({ ...options, labels: [0, 1, -1], batchSize: 2 });
    assertSameBits("in batches of 2", apart, all);
    const one = await rin.sample({ ...options, labels: [0, 1, -1], guidance: 1 });
    assertSameBits("guidance of 1", one, all);
    const guided = await rin.sample({ ...options, labels: [0, 1, -1], guidance: 3 });
    assertSameBits("nothing to guide to", image(guided, 2), image(none, 2));
    assert(largest(image(guided, 1).map((v, i) => v - image(all, 1)[i])) > 1e-3, "guided");
    rin.destroy();
    assert(gpu.bytes === start, "all memory is given back");
  },
);

deviceTest("Rin.sample() refuses impossible classes and guidance", async (gpu) => {
  const rin = await trained(gpu);
  const refused: [SampleOptions, string][] = [
    [{ count: 2, labels: [1] }, "There are 1 labels: expected one for each of 2 images"],
    [{ count: 1, labels: [3] }, "A label is 3: expected a class from 0 to 2, or -1 for none"],
    [
      { count: 1, labels: [0.5] },
      "labels is [0.5]: expected a list of numbers, each a whole number from -1",
    ],
    [{ guidance: NaN }, "guidance is NaN"],
  ];
  for (const [options, message] of refused) {
    await assertRejects(() => rin.sample(options), RangeError, message);
  }
  rin.destroy();
  const plain = await Rin.create(gpu, { ...CONFIG, numClasses: 0 });
  await assertRejects(() => plain.sample({ count: 1, labels: [0] }), RangeError, "no classes");
  await assertRejects(() => plain.sample({ guidance: 2 }), RangeError, "has no classes");
  const [x, t] = [new Float32Array(PIXELS), Float32Array.of(1)];
  const { latents } = await plain.predict(x, t);
  await assertRejects(
    () => plain.predict(x, t, { previous: { latents } }),
    RangeError,
    "previous.interface is missing: this network passes on its both",
  );
  plain.destroy();
});

// Prediction and sampling as the library's user sees them.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { lossAndGradients } from "../../src/diffusion/loss.ts";
import { Rin } from "../../src/diffusion/rin.ts";
import type { SampleOptions } from "../../src/diffusion/sample_options.ts";
import { SAMPLERS } from "../../src/diffusion/samplers.ts";
import type { Device } from "../../src/device/device.ts";
import { readCheckpoint, writeCheckpoint } from "../../src/model/checkpoint.ts";
import { ConfigError, type RinConfig } from "../../src/model/config.ts";
import { CheckpointError } from "../../src/model/safetensors.ts";
import { RandomStream, seedFor } from "../../src/nn/random.ts";
import { assertSameBits, assertWithin, data, largest } from "../helpers/close.ts";
import { cpuTest, deviceTest } from "../helpers/devices.ts";

const SMALL: Partial<RinConfig> = {
  imageSize: 8,
  patchSize: 4,
  latentDim: 24,
  interfaceDim: 12,
  numLatents: 5,
  numBlocks: 2,
  numHeads: 2,
};
const PIXELS = 3 * 8 * 8;
const LATENTS = 5 * 24;

/** A network whose latents carry over: LN0 begins at zero, which would hide them. */
async function warmed(gpu: Device, config: Partial<RinConfig> = {}): Promise<Rin> {
  const fresh = await Rin.create(gpu, { ...SMALL, ...config }, { seed: 3 });
  const checkpoint = readCheckpoint(await fresh.save());
  const { layout } = fresh.weights;
  fresh.destroy();
  for (const { name, offset, size } of layout.parameters) {
    if (name.startsWith("latent_initializer.layer_norm")) {
      checkpoint.slabs.parameters.set(data(size, 400), offset);
    }
  }
  return Rin.load(gpu, writeCheckpoint(checkpoint));
}

const f32 = (length: number, stream: number) => Float32Array.from(data(length, stream));

deviceTest(
  "Rin.sample() gives the same bits for the same seed, and other images for another",
  async (gpu) => {
    const rin = await warmed(gpu);
    const options: SampleOptions = { count: 3, steps: 5, seed: 9 };
    const first = await rin.sample(options);
    assertEquals(first.length, 3 * PIXELS);
    assertSameBits("again", await rin.sample(options), first);
    const image = (i: number) => first.subarray(i * PIXELS, (i + 1) * PIXELS);
    const other = await rin.sample({ ...options, seed: 10 });
    const equal = (a: Float32Array, b: Float32Array) => a.filter((v, i) => v === b[i]).length;
    assert(equal(first, other) < PIXELS / 10, "another seed");
    assert(equal(image(0), image(1)) < PIXELS / 10, "another image of one run");
    rin.destroy();
    const copy = await warmed(gpu);
    assertSameBits("another network of the same weights", await copy.sample(options), first);
    copy.destroy();
  },
);

deviceTest(
  "Rin.sample() makes an image depend on seed and number alone, not on the batches",
  async (gpu) => {
    const rin = await warmed(gpu);
    for (const sampler of SAMPLERS) {
      const sample = (count: number, batchSize: number) =>
        rin.sample({ count, batchSize, steps: 4, seed: 2, sampler, eta: 1, clip: 0.9 });
      const all = await sample(5, 5);
      for (const batchSize of [1, 2, 3, 64]) {
        assertSameBits(`${sampler}, ${batchSize} at a time`, await sample(5, batchSize), all);
      }
      assertSameBits(`${sampler}, fewer`, await sample(2, 2), all.slice(0, 2 * PIXELS));
    }
    rin.destroy();
  },
);

cpuTest("Rin.sample() is finite and clipped for every prediction and sampler", async (gpu) => {
  for (const prediction of ["eps", "x0", "v"] as const) {
    // An untrained network is as wrong as can be at t = 1, where eps is divided by sqrt(1e-9).
    const rin = await warmed(gpu, { prediction });
    for (const sampler of SAMPLERS) {
      for (const steps of [1, 2, 8]) {
        for (const clip of [true, 0.8]) {
          const options = { steps, sampler, clip, variance: "large", times: "logsnr" } as const;
          const images = await rin.sample({ count: 2, ...options });
          assert(images.every((v) => Math.abs(v) <= 1), `${prediction} ${JSON.stringify(options)}`);
          assert(largest(images) > 0.1, "and not all grey");
        }
      }
    }
    const free = await rin.sample({ count: 1, steps: 1, clip: false });
    assert(free.every(Number.isFinite), `${prediction} without clipping`);
    if (prediction === "eps") assert(largest(free) > 100, "which explodes without clipping");
    rin.destroy();
  }
});

cpuTest("Rin.sample() reports progress after each step of each batch", async (gpu) => {
  const rin = await Rin.create(gpu, SMALL);
  const seen: [number, number][] = [];
  const onStep = (done: number, total: number) => seen.push([done, total]);
  await rin.sample({ count: 5, batchSize: 2, steps: 3, onStep });
  assertEquals(seen, Array.from({ length: 9 }, (_, i) => [i + 1, 9]));
  rin.destroy();
});

deviceTest("Rin.sample() passes latents on from step to step", async (gpu) => {
  // The same run by hand: predict, then DDIM without noise, which needs x0 and eps only.
  const rin = await warmed(gpu, { prediction: "x0", schedule: "linear" });
  const options: SampleOptions = { count: 2, steps: 1, sampler: "ddim", clip: false, seed: 4 };
  const once = await rin.sample(options);
  const twice = await rin.sample({ ...options, steps: 2 });
  // With one step the result is the prediction at t = 1 of x_T. Undoing the first of two steps:
  // x_0.5 = sqrt(0.5) x0 + sqrt(0.5) eps, eps = x_T as gamma(1) is 1e-9.
  const images = new RandomStream(seedFor(4, "sample"), 0);
  const xT = Float32Array.from(
    { length: 2 * PIXELS },
    (_, i) => new RandomStream(images.bits(Math.floor(i / PIXELS)), 0).normal(i % PIXELS),
  );
  const first = await rin.predict(xT, Float32Array.of(1, 1));
  assertWithin("one step", once, first.output, 1e-4);
  const half = Float32Array.from(xT, (v, i) => Math.SQRT1_2 * (first.output[i] + v));
  const warm = await rin.predict(half, Float32Array.of(0.5, 0.5), { previous: first });
  assertWithin("two steps", twice, warm.output, 2e-4);
  const cold = await rin.predict(half, Float32Array.of(0.5, 0.5));
  const error = largest(cold.output.map((v, i) => v - twice[i]));
  assert(error > 0.05, `cold latents would differ, by ${error}`);
  rin.destroy();
});

deviceTest(
  "Rin.sample() starts the next step from the rest of the latents with selfCondDecay",
  async (gpu) => {
    const rin = await warmed(gpu, { prediction: "x0", schedule: "linear" });
    const base: SampleOptions = { count: 2, indices: [0], steps: 2, sampler: "ddim", clip: false };
    const found = await rin.sample({ ...base, selfCondDecay: 0.25 });
    const noise = new RandomStream(new RandomStream(seedFor(0, "sample"), 0).bits(0), 0);
    const xT = Float32Array.from({ length: PIXELS }, (_, i) => noise.normal(i));
    const first = await rin.predict(xT, Float32Array.of(1));
    const next = Float32Array.from(xT, (v, i) => Math.SQRT1_2 * (first.output[i] + v));
    const latents = first.latents.map((value) => 0.75 * value);
    const second = await rin.predict(next, Float32Array.of(0.5), { previous: { latents } });
    assertWithin("two steps by hand", found, second.output, 2e-4);
    const without = await rin.sample(base);
    assertSameBits("0", await rin.sample({ ...base, selfCondDecay: 0 }), without);
    assert(largest(found.map((v, i) => v - without[i])) > 1e-3, "the decay matters");
    rin.destroy();
  },
);

deviceTest(
  "Rin.sample() starts from the last latents, Z_init, or between, by warmStart",
  async (gpu) => {
    const rin = await warmed(gpu, { prediction: "x0", schedule: "linear" });
    const base: SampleOptions = { count: 1, steps: 2, sampler: "ddim", clip: false };
    const [paper, half, restart] = await Promise.all(
      [undefined, 0.5, 0].map((warmStart) => rin.sample({ ...base, warmStart })),
    );
    const difference = (a: Float32Array, b: Float32Array) => largest(a.map((v, i) => v - b[i]));
    assertSameBits("default", await rin.sample({ ...base, warmStart: 1 }), paper);
    assert(difference(paper, half) > 1e-3 && difference(half, restart) > 1e-3);
    assert(difference(half, restart) < difference(paper, restart), "in between");
    // A restarted step is a prediction without latents: two steps by hand.
    const images = new RandomStream(seedFor(0, "sample"), 0);
    const noise = new RandomStream(images.bits(0), 0);
    const xT = Float32Array.from({ length: PIXELS }, (_, i) => noise.normal(i));
    const first = await rin.predict(xT, Float32Array.of(1));
    const next = Float32Array.from(xT, (v, i) => Math.SQRT1_2 * (first.output[i] + v));
    const second = await rin.predict(next, Float32Array.of(0.5));
    assertWithin("restarted", restart, second.output, 2e-4);
    rin.destroy();
  },
);

deviceTest(
  "Rin.sample() puts an image's largest values at 1 with dynamic thresholding",
  async (gpu) => {
    const rin = await warmed(gpu, { prediction: "v" });
    const options: SampleOptions = { count: 2, steps: 1, sampler: "ddim", seed: 8 };
    const [raw, dynamic] = [false, 0.98].map((clip) => rin.sample({ ...options, clip }));
    const [free, found] = [await raw, await dynamic];
    for (const i of [0, 1]) {
      const image = free.slice(i * PIXELS, (i + 1) * PIXELS);
      const q = Math.max(1, image.map(Math.abs).sort()[Math.ceil(0.98 * PIXELS) - 1]);
      assert(q > 1.01, `the test needs values beyond 1: ${q}`);
      const wanted = image.map((v) => Math.min(q, Math.max(-q, v)) / q);
      assertWithin(`image ${i}`, found.slice(i * PIXELS, (i + 1) * PIXELS), wanted, 1e-5);
    }
    // What one call leaves behind must not reach the next.
    assertSameBits("clipped afterwards", await rin.sample(options), await rin.sample(options));
    const clipped = free.map((v) => Math.min(1, Math.max(-1, v)));
    assertWithin("clipped", await rin.sample(options), clipped, 1e-5);
    rin.destroy();
  },
);

cpuTest("Rin.sample() refuses options out of range", async (gpu) => {
  const rin = await Rin.create(gpu, SMALL);
  const refused: [SampleOptions, string][] = [
    [{ count: 0 }, "count is 0: expected a whole number from 1 to 10000000"],
    [{ count: 1.5 }, "count is 1.5"],
    [{ batchSize: -1 }, "batchSize is -1"],
    [{ batchSize: NaN }, "batchSize is NaN"],
    [{ steps: 0 }, "steps is 0"],
    [{ sampler: "ddim", eta: 2 }, "eta is 2"],
    [{ clip: 1.5 }, "clip is 1.5"],
    [{ warmStart: -1 }, "warmStart is -1: expected a number from 0 to 1"],
    [{ selfCondDecay: 2 }, "selfCondDecay is 2: expected a number from 0 to 1"],
    [{ timeDifference: 1, sampler: "heun" }, "timeDifference is for ddpm, ddim and renoise"],
  ];
  for (const [options, message] of refused) {
    await assertRejects(() => rin.sample(options), RangeError, message);
  }
  rin.destroy();
});

deviceTest("Rin.predict() changes with Z_prev, for each example by itself", async (gpu) => {
  const rin = await warmed(gpu);
  const [x, t] = [f32(2 * PIXELS, 410), Float32Array.of(0.3, 0.8)];
  const cold = await rin.predict(x, t);
  assertEquals([cold.output.length, cold.latents.length], [2 * PIXELS, 2 * LATENTS]);
  const warm = await rin.predict(x, t, { previous: cold });
  const difference = (a: Float32Array, b: Float32Array) => largest(a.map((v, i) => v - b[i]));
  assert(difference(warm.output, cold.output) > 1e-3);
  assert(difference(warm.latents, cold.latents) > 1e-3);
  const changed = cold.latents.slice();
  changed.set(f32(LATENTS, 411), LATENTS);
  const second = await rin.predict(x, t, { previous: { latents: changed } });
  assertSameBits("example 0", second.output.slice(0, PIXELS), warm.output.slice(0, PIXELS));
  assert(difference(second.output.slice(PIXELS), warm.output.slice(PIXELS)) > 1e-3, "example 1");
  assertSameBits("cold again", (await rin.predict(x, t)).output, cold.output);
  const alone = await rin.predict(x.slice(PIXELS), t.slice(1), {
    previous: { latents: changed.slice(LATENTS) },
  });
  assertSameBits("example 1 alone", alone.output, second.output.slice(PIXELS));
  rin.destroy();
});

deviceTest("Rin.predict() ignores Z_prev in a fresh network, whose LN0 is zero", async (gpu) => {
  const rin = await Rin.create(gpu, SMALL);
  const [x, t] = [f32(PIXELS, 412), Float32Array.of(0.5)];
  const cold = await rin.predict(x, t);
  const warm = await rin.predict(x, t, { previous: cold });
  assertSameBits("warm", warm.output, cold.output);
  rin.destroy();
});

cpuTest("Rin.predict() refuses arrays of wrong sizes", async (gpu) => {
  const rin = await Rin.create(gpu, SMALL);
  const x = new Float32Array(2 * PIXELS);
  const t = new Float32Array(2);
  const short = x.slice(1);
  const message = `xt has ${2 * PIXELS - 1} numbers: expected ${2 * PIXELS}`;
  await assertRejects(() => rin.predict(short, t), RangeError, message);
  await assertRejects(() => rin.predict(x, new Float32Array(3)), RangeError, "xt has");
  await assertRejects(
    () => rin.predict(x, t, { previous: { latents: new Float32Array(LATENTS) } }),
    RangeError,
    `previous.latents has ${LATENTS} numbers: expected ${2 * LATENTS}`,
  );
  await assertRejects(() => rin.predict(new Float32Array(), new Float32Array()), RangeError);
  rin.destroy();
});

cpuTest(
  "Rin.predict() takes no more memory after a hundred calls, and destroy() gives all back",
  async (gpu) => {
    const start = gpu.bytes;
    const rin = await Rin.create(gpu, SMALL);
    const [x, t] = [f32(2 * PIXELS, 413), Float32Array.of(0.3, 0.8)];
    let previous = await rin.predict(x, t);
    const held = gpu.bytes;
    assert(held > start);
    for (let i = 0; i < 100; i++) previous = await rin.predict(x, t, { previous });
    assertEquals(gpu.bytes, held);
    await rin.predict(f32(20 * PIXELS, 413), new Float32Array(20));
    assert(gpu.bytes > held, "a larger batch takes more");
    await lossAndGradients(rin, { x0: x, noise: x, t });
    await rin.predict(x, t);
    assertEquals(gpu.bytes, held, "and the same again for the same batch");
    rin.destroy();
    assertEquals(gpu.bytes, start);
  },
);

deviceTest("Rin.load() gives the saved network, with moving averages first", async (gpu) => {
  const rin = await warmed(gpu);
  const [x, t] = [f32(PIXELS, 414), Float32Array.of(0.4)];
  const { output } = await rin.predict(x, t);
  const bytes = await rin.save();
  const loaded = await Rin.load(gpu, bytes);
  assertEquals(loaded.config, rin.config);
  assertSameBits("loaded", (await loaded.predict(x, t)).output, output);
  const { slabs, config } = readCheckpoint(bytes);
  const averaged = { parameters: new Float32Array(slabs.parameters.length), ema: slabs.parameters };
  const average = await Rin.load(gpu, writeCheckpoint({ config, slabs: averaged }));
  assertSameBits("average", (await average.predict(x, t)).output, output);
  const named = await rin.parameters();
  assertEquals(Object.keys(named).length, rin.weights.layout.parameters.length);
  for (const { name, offset, size } of rin.weights.layout.parameters) {
    assertSameBits(name, named[name], slabs.parameters.slice(offset, offset + size));
  }
  for (const network of [rin, loaded, average]) network.destroy();
});

cpuTest("Rin.load() rejects impossible networks", async (gpu) => {
  const start = gpu.bytes;
  await assertRejects(() => Rin.create(gpu, { numHeads: 7 }), ConfigError, "numHeads");
  await assertRejects(
    () => Rin.create(gpu, { schedule: "round" }),
    ConfigError,
    "Unknown schedule",
  );
  await assertRejects(() => Rin.load(gpu, new Uint8Array(3)), CheckpointError, "3 bytes");
  assertEquals(gpu.bytes, start);
});

const SIX = [
  "mlp.0.weight",
  "mlp.0.bias",
  "mlp.2.weight",
  "mlp.2.bias",
  "layer_norm.weight",
  "layer_norm.bias",
];

deviceTest(
  "lossAndGradients() leaves the six warm-start gradients zero exactly where it should",
  async (gpu) => {
    const example = {
      x0: f32(2 * PIXELS, 415),
      noise: f32(2 * PIXELS, 416),
      t: Float32Array.of(0.2, 0.7),
    };
    const previous = { latents: f32(2 * LATENTS, 417) };
    const nonzero = async (rin: Rin, given: boolean) => {
      const { gradients } = await lossAndGradients(
        rin,
        given ? { ...example, previous } : example,
      );
      rin.destroy();
      assert(largest(gradients["latent_initializer.Z_init"]) > 0);
      return SIX.filter((name) => largest(gradients[`latent_initializer.${name}`]) > 0);
    };
    assertEquals(await nonzero(await warmed(gpu), true), SIX);
    assertEquals(await nonzero(await warmed(gpu), false), []);
    // LN0 begins at weight 0: what is before it has no effect yet, but LN0 itself can learn.
    const fresh = await Rin.create(gpu, SMALL);
    assertEquals(await nonzero(fresh, true), ["layer_norm.weight", "layer_norm.bias"]);
  },
);

deviceTest(
  "lossAndGradients() gives the mean square of what each prediction type misses",
  async (gpu) => {
    const [x0, noise, t] = [f32(PIXELS, 418), f32(PIXELS, 419), Float32Array.of(0.35)];
    const g = 1 - t[0];
    for (const prediction of ["eps", "x0", "v"] as const) {
      const rin = await warmed(gpu, { prediction, schedule: "linear" });
      const xt = x0.map((v, i) => Math.sqrt(g) * v + Math.sqrt(1 - g) * noise[i]);
      const { output } = await rin.predict(xt, t);
      const goal = {
        eps: noise,
        x0,
        v: x0.map((v, i) => Math.sqrt(g) * noise[i] - Math.sqrt(1 - g) * v),
      };
      const wanted = output.reduce((sum, v, i) => sum + (v - goal[prediction][i]) ** 2, 0) / PIXELS;
      const { loss } = await lossAndGradients(rin, { x0, noise, t });
      assertWithin(prediction, [loss], [wanted], 1e-5 * wanted);
      rin.destroy();
    }
  },
);

cpuTest("lossAndGradients() refuses arrays of wrong sizes", async (gpu) => {
  const rin = await Rin.create(gpu, SMALL);
  const example = { x0: f32(PIXELS, 1), noise: f32(PIXELS, 2), t: Float32Array.of(0.5) };
  const start = gpu.bytes;
  for (const wrong of ["x0", "noise"] as const) {
    const bad = { ...example, [wrong]: f32(PIXELS + 1, 3) };
    await assertRejects(() => lossAndGradients(rin, bad), RangeError, `${wrong} has ${PIXELS + 1}`);
  }
  for (const length of [LATENTS - 1, LATENTS + 1]) {
    const bad = { ...example, previous: { latents: f32(length, 4) } };
    await assertRejects(() => lossAndGradients(rin, bad), RangeError, "latents");
  }
  assertEquals(gpu.bytes, start);
  rin.destroy();
});

deviceTest("Rin makes overlapping calls wait for each other", async (gpu) => {
  const rin = await Rin.create(gpu, SMALL, { seed: 1 });
  const options = { count: 2, steps: 3, seed: 5 };
  const alone = await rin.sample(options);
  const bytes = gpu.bytes;
  const [first, second] = await Promise.all([rin.sample(options), rin.sample(options)]);
  assertSameBits("first", first, alone);
  assertSameBits("second", second, alone);
  assertEquals(gpu.bytes, bytes);
  rin.destroy();
});

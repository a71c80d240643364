// Clips whose first frames are given: the network's input, the loss, and sampling with them.

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { SAMPLER_SCALARS } from "../../kernels/shapes.ts";
import { lossAndGradients } from "../../src/diffusion/loss.ts";
import { Rin } from "../../src/diffusion/rin.ts";
import type { SampledBatch } from "../../src/diffusion/sample_options.ts";
import { samplerSteps, stepScalars } from "../../src/diffusion/samplers.ts";
import { parseSchedule } from "../../src/diffusion/schedule.ts";
import { readCheckpoint, writeCheckpoint } from "../../src/model/checkpoint.ts";
import { completeConfig, ConfigError } from "../../src/model/config.ts";
import { exampleSize } from "../../src/model/example.ts";
import { parameterLayout } from "../../src/model/parameters.ts";
import { RandomStream, seedFor } from "../../src/nn/random.ts";
import { drawStep } from "../../src/train/step_inputs.ts";
import { Trainer } from "../../src/train/trainer.ts";
import { assertClose, assertSameBits, assertWithin, data } from "../helpers/close.ts";
import { cpuTest, deviceTest } from "../helpers/devices.ts";
import { inputFactor, target } from "../reference/diffusion.ts";
import { type Parameters, rin as rinReference } from "../reference/rin.ts";
import { thresholds } from "../reference/samplers.ts";

// The second patch in time holds a frame that is given and one that is drawn.
const CONFIG = completeConfig({
  imageSize: 6,
  frames: 4,
  contextFrames: 1,
  patchSize: 3,
  patchFrames: 2,
  latentDim: 12,
  interfaceDim: 10,
  numLatents: 4,
  numBlocks: 1,
  numHeads: 2,
  prediction: "v",
  inputScale: 0.6,
});
const SIZE = exampleSize(CONFIG);
const PIXELS = 36;
const GIVEN = 3 * PIXELS;
const isGiven = (i: number) => Math.floor(i / PIXELS) % 4 < 1;

/** Parameters as a network may have them after training: nothing is zero. */
function trained(config = CONFIG): { parameters: Parameters; bytes: Uint8Array<ArrayBuffer> } {
  const layout = parameterLayout(config);
  const slab = new Float32Array(layout.size);
  const parameters: Parameters = new Map();
  layout.parameters.forEach(({ name, shape, offset, size }, i) => {
    const values = data(size, 700 + i, shape.length > 1 ? 1 / Math.sqrt(shape.at(-1)!) : 1);
    slab.set(values, offset);
    parameters.set(name, values);
  });
  return { parameters, bytes: writeCheckpoint({ config, slabs: { parameters: slab } }) };
}

for (const normalizeInput of [false, true]) {
  (normalizeInput ? cpuTest : deviceTest)(
    `context frames are without noise, and the loss is of the others: normalizeInput ${normalizeInput}`,
    async (gpu) => {
      const config = { ...CONFIG, normalizeInput };
      const { parameters, bytes } = trained(config);
      const rin = await Rin.load(gpu, bytes);
      const [x0, noise] = [data(2 * SIZE, 71), data(2 * SIZE, 72)];
      const t = Float32Array.of(0.25, 0.75);
      const lossWeight = Float32Array.of(1, 0.5);
      const gammas = Float64Array.from(t, parseSchedule(config.schedule));
      const at = (i: number) => gammas[Math.floor(i / SIZE)];
      const seen = (gamma: number) => normalizeInput ? inputFactor(gamma, 0.6) : 1;
      const noised = x0.map((value, i) =>
        isGiven(i) ? 0.6 * value : Math.sqrt(at(i)) * 0.6 * value + Math.sqrt(1 - at(i)) * noise[i]
      );
      const x = noised.map((value, i) => seen(isGiven(i) ? 1 : at(i)) * value);
      const { prediction, backward } = rinReference(config, parameters, {
        x,
        t: Float64Array.from(t),
      });
      const goal = target("v", x0, noise, gammas, 0.6);
      const drawn = 2 * (SIZE - GIVEN);
      let loss = 0;
      const gradient = prediction.map((value, i) => {
        if (isGiven(i)) return 0;
        const weight = lossWeight[Math.floor(i / SIZE)];
        loss += weight * (value - goal[i]) ** 2 / drawn;
        return 2 * weight * (value - goal[i]) / drawn;
      });
      const inputs = { x0: Float32Array.from(x0), noise: Float32Array.from(noise), t, lossWeight };
      const found = await lossAndGradients(rin, inputs);
      assertWithin("loss", [found.loss], [loss], 1e-5 * loss);
      for (const [name, wanted] of backward(gradient)) {
        // Without a state before it, the first pass leaves nothing to these.
        if (name.startsWith("latent_initializer.") && !name.endsWith("Z_init")) continue;
        assertClose(name, found.gradients[name], wanted, 1e-4);
      }
      const { output } = await rin.predict(Float32Array.from(noised), t);
      assertClose("prediction", output, prediction, 2e-5);
      rin.destroy();
    },
  );
}

cpuTest("a step's loss, and that of validation, are means over the frames drawn", async (gpu) => {
  const options = { batchSize: 2, accumulate: 2, selfCondRate: 0, warmup: 0, seed: 5 };
  const trainer = await Trainer.create(gpu, CONFIG, options);
  const x0 = Float32Array.from(data(2 * SIZE, 73, 0.5));
  await trainer.step(x0);
  const { slabs: { parameters, ema } } = readCheckpoint(await trainer.save());
  const lossOf = async (
    parameters: Float32Array<ArrayBuffer>,
    seed: string,
    first: number,
    t: Float32Array<ArrayBuffer>,
    clips: Float32Array<ArrayBuffer>,
  ) => {
    const rin = await Rin.load(gpu, writeCheckpoint({ config: CONFIG, slabs: { parameters } }));
    const noise = Float32Array.from(clips, (_, i) => {
      const stream = new RandomStream(seedFor(5, seed), first + Math.floor(i / SIZE));
      return stream.normal(i % SIZE);
    });
    const { loss } = await lossAndGradients(rin, { x0: clips, noise, t });
    rin.destroy();
    return loss;
  };
  const times = Float32Array.from(drawStep(trainer.options, 1).t);
  const wanted = await lossOf(parameters, "noise", 2, times, x0);
  const first = x0.slice(0, SIZE);
  const copies = Float32Array.from({ length: 16 * SIZE }, (_, i) => first[i % SIZE]);
  const spread = Float32Array.from({ length: 16 }, (_, i) => (i + 0.5) / 16);
  const valid = await lossOf(ema!, "validate", 0, spread, copies);
  assertWithin("validation", [await trainer.validate([first])], [valid], 3e-6 * valid);
  const { loss } = await trainer.step(x0);
  assertWithin("step", [loss], [wanted], 3e-6 * wanted);
  trainer.destroy();
});

for (const clip of [true, 0.7]) {
  (clip === true ? cpuTest : deviceTest)(
    `every sampling step sees the context, and only what is drawn counts for clip ${clip}`,
    async (gpu) => {
      const rin = await Rin.load(gpu, trained().bytes);
      const context = Float32Array.from(data(GIVEN, 74, 0.4));
      const options = { sampler: "ddim", steps: 4, clip, seed: 9 } as const;
      const steps = samplerSteps(parseSchedule(CONFIG.schedule), CONFIG, options);
      const stream = new RandomStream(new RandomStream(seedFor(9, "sample"), 0).bits(0), 0);
      let x: Float64Array = Float64Array.from({ length: SIZE }, (_, i) => stream.normal(i));
      const put = (scale: number) =>
        x.forEach((_, i) => {
          if (!isGiven(i)) return;
          x[i] = scale * context[Math.floor(i / (4 * PIXELS)) * PIXELS + i % PIXELS];
        });
      put(0.6);
      let previous: Awaited<ReturnType<Rin["predict"]>> | undefined;
      for (const step of steps) {
        previous = await rin.predict(Float32Array.from(x), Float32Array.of(step.t), { previous });
        const packed = stepScalars(step, clip, SIZE - GIVEN);
        const c = Object.fromEntries(SAMPLER_SCALARS.map((name, i) => [name, packed[i]])) as Record<
          typeof SAMPLER_SCALARS[number],
          number
        >;
        const raw = x.map((value, i) =>
          c.x0FromX * value + c.x0FromPrediction * previous!.output[i]
        );
        const limit = clip === true
          ? 1
          : thresholds(raw.filter((_, i) => !isGiven(i)), 1, c.thresholdRank)[0];
        x = x.map((value, i) => {
          const x0 = Math.min(limit, Math.max(-limit, raw[i])) / limit;
          return c.nextFromX * value + c.nextFromX0 * x0;
        });
        put(0.6);
      }
      put(1);
      const found = await rin.sample({ ...options, context, count: 1 });
      assertWithin("clip", found, x, 1e-3);
      const again = await rin.sample({ ...options, context, count: 1 });
      assertSameBits("again", again, found);
      rin.destroy();
    },
  );
}

cpuTest("the frames given come out unchanged, of one clip for all or one for each", async (gpu) => {
  const rin = await Rin.load(gpu, trained().bytes);
  const contexts = Float32Array.from(data(3 * GIVEN, 75, 0.4));
  const one = (i: number) => contexts.slice(i * GIVEN, (i + 1) * GIVEN);
  const framesOf = (clips: Float32Array, i: number) =>
    clips.slice(i * SIZE, (i + 1) * SIZE).filter((_, at) => isGiven(at));
  for (const sampler of ["ddpm", "dpm++"] as const) {
    const options = { sampler, steps: 3, count: 3 };
    const estimates: SampledBatch[] = [];
    const all = await rin.sample({
      ...options,
      context: contexts,
      batchSize: 2,
      estimates: 2,
      onEstimate: (estimate) => estimates.push(estimate),
    });
    for (const i of [0, 1, 2]) {
      assertSameBits(`frames of ${i}`, framesOf(all, i), one(i));
      const alone = await rin.sample({ ...options, context: one(i), indices: [i] });
      assertSameBits(`clip ${i}`, all.slice(i * SIZE, (i + 1) * SIZE), alone);
    }
    assertEquals(estimates.map(({ indices }) => indices), [[0, 1], [0, 1], [2], [2]]);
    for (const { indices, images } of estimates) {
      indices.forEach((i, k) => assertSameBits(`estimate of ${i}`, framesOf(images, k), one(i)));
    }
    // Several futures of one past.
    const futures = await rin.sample({ ...options, context: one(0) });
    assertSameBits("past", framesOf(futures, 2), one(0));
    assert(futures.slice(SIZE, 2 * SIZE).some((value, i) => value !== futures[i]));
    const other = await rin.sample({ ...options, context: one(1), indices: [0] });
    assert(other.some((value, i) => !isGiven(i) && Math.abs(value - futures[i]) > 1e-3));
  }
  // A picture to begin from leaves the context as it is.
  const image = Float32Array.from(data(SIZE, 76, 0.4));
  const mask = Float32Array.from({ length: SIZE / 3 }, (_, i) => i % 6 < 3 ? 1 : 0);
  const begun = { image, mask, context: one(0), count: 1, steps: 3 };
  const painted = await rin.sample(begun);
  assertSameBits("past", framesOf(painted, 0), one(0));
  assert(
    painted.every((value, i) => isGiven(i) || i % 6 < 3 || Math.abs(value - image[i]) < 1e-6),
  );
  assertSameBits(
    "past",
    framesOf(await rin.sample({ ...begun, mask: undefined, strength: 0 }), 0),
    one(0),
  );
  rin.destroy();
});

cpuTest("a context that the network needs, or doesn't, is a sentence", async (gpu) => {
  const rin = await Rin.create(gpu, CONFIG);
  const refuse = (context: Float32Array<ArrayBuffer> | undefined, sentence: string) =>
    assertRejects(() => rin.sample({ count: 2, context }), RangeError, sentence);
  await refuse(
    undefined,
    "context is missing: this network continues clips, so give their first frame",
  );
  await refuse(new Float32Array(2 * GIVEN).fill(NaN), "context has NaN at place 0");
  await refuse(new Float32Array(5), `context has 5 numbers: expected ${GIVEN}`);
  await refuse(new Float32Array(3 * GIVEN), `context has ${3 * GIVEN} numbers: expected ${GIVEN}`);
  rin.destroy();
  const other = await Rin.create(gpu, { ...CONFIG, contextFrames: 0 });
  const given = () => other.sample({ count: 1, context: new Float32Array(GIVEN) });
  await assertRejects(given, RangeError, "context is given, but this network draws all frames");
  other.destroy();
  assertThrows(
    () => completeConfig({ frames: 4, contextFrames: 4 }),
    ConfigError,
    "contextFrames is 4 and frames is 4: expected fewer, so that some are left to draw",
  );
  assertThrows(() => completeConfig({ contextFrames: 1 }), ConfigError, "frames is 1: expected");
});

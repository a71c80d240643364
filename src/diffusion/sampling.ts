/**
 * What a call of `Rin.samples` does, batch by batch.
 *
 * @module
 */
import type { RinConfig } from "../model/config.ts";
import { planeSize } from "../model/example.ts";
import { firstNotFinite } from "../model/finite.ts";
import { timeRows } from "../model/time.ts";
import { RandomStream, seedFor } from "../nn/random.ts";
import type { InferenceFeatures } from "./inference.ts";
import type { SamplingPlan } from "./inferences.ts";
import { SamplingError } from "./errors.ts";
import { labelRows } from "./labels.ts";
import { inputFactor } from "./prediction.ts";
import {
  defaultTimes,
  type SamplerOptions,
  type SamplerStep,
  samplerSteps,
  stepScalars,
} from "./samplers.ts";
import { parseSchedule } from "./schedule.ts";
import { type NoiseLevel, noiseLevel } from "./step_factors.ts";

/** What `Rin.sample` and `Rin.samples` make. */
export interface SampleOptions extends SamplerOptions {
  /** Number of images. Default 16. */
  readonly count?: number;
  /** u32; image i depends on the seed and i alone. Default 0. */
  readonly seed?: number;
  /** The numbers of the images to make. Default 0 to `count` - 1. */
  readonly indices?: readonly number[];
  /** The seed of each image, where they have seeds of their own; of all of them, in the same order. */
  readonly seeds?: ArrayLike<number>;
  /** The class of each image, of a network that knows classes; -1, or no list, for none. */
  readonly labels?: ArrayLike<number>;
  /**
   * Classifier-free guidance (Ho & Salimans 2022): w in free + w (guided - free), where `free` is what
   * the network predicts without the class. 1 (default) is off. The two passes of a step each hand on
   * their own latents.
   */
  readonly guidance?: number;
  /**
   * Images made at a time; more needs more memory. Default 32, or as many as there are if that is
   * less; halved until the device allows it.
   */
  readonly batchSize?: number;
  /**
   * Plans, each for a batch size and with or without guidance, that are kept for later calls; more
   * need more memory. Default 1, the last one. Which one is used doesn't change the images.
   */
  readonly maxPlans?: number;
  /**
   * How much of the latents of one step the next begins from: 1 (default), all, as the paper; 0,
   * each step from Z_init; in between, Z_init + warmStart (LN0's share).
   */
  readonly warmStart?: number;
  /**
   * Two seeds: image i has, at every step, the noise of image 0 of the first turned i / (count - 1)
   * of the way to that of the second (on a quarter of a circle, so that its variance stays 1).
   */
  readonly interpolate?: readonly [number, number];
  /** A picture (3, S, S), or clip (3, T, S, S), in [-1, 1] to begin from. */
  readonly image?: Float32Array<ArrayBuffer>;
  /** With `image`: the time to begin at, from 0, where the picture comes back as it is, to 1. Default 1. */
  readonly strength?: number;
  /**
   * With `image`, (S, S) or (T, S, S): pixels above 0.5 are painted, all others keep the picture, whose
   * noised form is put back after each step.
   */
  readonly mask?: Float32Array<ArrayBuffer>;
  /** Stops between two steps by throwing its reason. */
  readonly signal?: AbortSignal;
  /** Called after each step of each batch with the number of steps done and of all. */
  readonly onStep?: (done: number, total: number) => void;
  /** How many times a batch `onEstimate` is called: after steps spread evenly, the last one among them. */
  readonly estimates?: number;
  /** Called with estimates of the finished images on the way; the last are the images themselves. */
  readonly onEstimate?: (estimate: SampledBatch & { readonly done: number }) => void;
}

/** Images with their numbers. */
export interface SampledBatch {
  /** The images' numbers. */
  readonly indices: readonly number[];
  /** (indices, 3, S, S), or (indices, 3, T, S, S) of clips, in about [-1, 1]. */
  readonly images: Float32Array<ArrayBuffer>;
}

/** Steps between waits for the device: enough to keep it busy, few enough for progress to be true. */
const STEPS_AHEAD = 4;

/** The options checked, and what follows from them and the network for all batches. */
export interface Sampling {
  readonly options: SampleOptions;
  readonly indices: readonly number[];
  /** Seeds of the images. */
  readonly seeds: ArrayLike<number>;
  /** Images at a time, at most. */
  readonly batch: number;
  readonly maxPlans: number;
  readonly steps: readonly SamplerStep[];
  /** Rows of the table of classes, one for each image. */
  readonly labels: Uint32Array<ArrayBuffer>;
  readonly guidance: number;
  /** What x begins as: shares of the picture and of noise. */
  readonly start: Pick<NoiseLevel, "alpha" | "sigma">;
  /** Steps after which estimates are shown. */
  readonly shown: ReadonlySet<number>;
  /** What a plan needs to be able to do. */
  readonly features: InferenceFeatures;
}

/** @throws {RangeError} when an option is out of range */
export function planSampling(config: RinConfig, options: SampleOptions): Sampling {
  const { count = 16, batchSize = 32, maxPlans = 1, warmStart = 1, strength = 1 } = options;
  const { image, mask, interpolate, estimates = 0, onEstimate, guidance = 1 } = options;
  for (const [name, value] of Object.entries({ count, batchSize, maxPlans })) {
    if (!Number.isInteger(value) || value < 1) {
      throw new RangeError(`${name} is ${value}: needed a positive whole number`);
    }
  }
  for (const [name, value] of Object.entries({ warmStart, strength })) {
    if (!(value >= 0 && value <= 1)) {
      throw new RangeError(`${name} is ${value}: needed a number from 0 to 1`);
    }
  }
  if (!(Math.abs(guidance) <= 1000)) {
    throw new RangeError(`guidance is ${guidance}: needed a number from -1000 to 1000`);
  }
  if (guidance !== 1 && config.numClasses === 0) {
    throw new RangeError(
      `guidance is ${guidance}, and the network knows no classes: leave it out, or use 1`,
    );
  }
  const pixels = planeSize(config);
  for (
    const [name, array, length] of [["image", image, 3 * pixels], ["mask", mask, pixels]] as const
  ) {
    if (array && array.length !== length) {
      throw new RangeError(`${name} has ${array.length} numbers: needed ${length}`);
    }
  }
  if (!image && (mask || strength < 1)) {
    throw new RangeError(`${mask ? "mask" : "strength"} needs an image`);
  }
  if (interpolate && count < 2) throw new RangeError("interpolate needs a count of 2 or more");
  const schedule = parseSchedule(config.schedule);
  const times = defaultTimes(schedule, options, strength);
  // A picture without noise is done.
  const steps = strength === 0 ? [] : samplerSteps(schedule, config, options, times);
  const { alpha, sigma, gamma } = noiseLevel(schedule(strength), config.inputScale);
  const seen = inputFactor(config, gamma);
  const noised = strength === 0
    ? { alpha: 1, sigma: 0 }
    : { alpha: seen * alpha, sigma: seen * sigma };
  const shown = onEstimate ? Math.min(estimates, steps.length) : 0;
  const indices = options.indices ?? Array.from({ length: count }, (_, i) => i);
  const seeds = options.seeds ?? Array<number>(indices.length).fill(options.seed ?? 0);
  if (seeds.length !== indices.length) {
    throw new RangeError(
      `There are ${seeds.length} seeds: needed one for each of ${indices.length} images`,
    );
  }
  if (options.seeds && interpolate) throw new RangeError("interpolate takes no other seeds");
  return {
    options,
    indices,
    seeds,
    batch: Math.min(indices.length, batchSize),
    maxPlans,
    steps,
    labels: labelRows(config, indices.length, options.labels),
    guidance,
    start: image ? noised : { alpha: 0, sigma: 1 },
    features: {
      task: "sample",
      guided: guidance !== 1,
      begin: mask ? "mask" : image ? "image" : "noise",
      interpolate: interpolate !== undefined,
      threshold: typeof options.clip === "number",
    },
    shown: new Set(
      Array.from({ length: shown }, (_, i) => Math.ceil((i + 1) * steps.length / shown)),
    ),
  };
}

/**
 * Makes some of the images of the list, no more than `inference` has room for.
 *
 * @throws {SamplingError} when an image does not come out as finite numbers
 */
export async function sampleBatch(
  config: RinConfig,
  { device, tensors, program, batch }: SamplingPlan,
  { options, indices: all, seeds: allSeeds, steps, labels, guidance, start, shown }: Sampling,
  [from, to]: readonly [number, number],
  onStep: () => void,
): Promise<SampledBatch> {
  const indices = all.slice(from, to);
  const seeds = Array.from(indices, (_, i) => allSeeds[from + i]);
  const { clip = true, warmStart = 1, interpolate, image, mask, signal, onEstimate } = options;
  const each = tensors.x.size / batch;
  const fill = (value: number) => new Float32Array(batch).fill(value);
  const read = async (tensor: typeof tensors.x) =>
    (await device.read(tensor)).slice(0, indices.length * each);
  const writeKeys = (step: number) => {
    // Places that stay empty keep the streams that they had.
    if (!interpolate) return device.write(tensors.keys, noiseKeys(seeds, indices, step));
    const firstImages = Array<number>(batch).fill(0);
    const [begin, end] = interpolate.map((seed) => firstImages.map(() => seed));
    device.write(tensors.keys, noiseKeys(begin, firstImages, step));
    device.write(tensors.otherKeys!, noiseKeys(end, firstImages, step));
  };
  if (interpolate) {
    device.write(tensors.slerp!, angles(indices, options.count ?? 16, batch));
  }
  writeKeys(0);
  device.write(tensors.previousMask, fill(0));
  const { latents, interface: tokens, freeLatents, freeInterface } = tensors;
  for (const state of [latents, tokens, freeLatents, freeInterface]) {
    if (state) device.write(state, new Float32Array(state.size));
  }
  if (tensors.labels) device.write(tensors.labels, labels.slice(from, to));
  if (tensors.guidance) device.write(tensors.guidance, Float32Array.of(guidance, 0, 0, 0));
  device.write(tensors.denoised, new Float32Array(tensors.denoised.size));
  device.write(tensors.thresholds, fill(1));
  const { keepMask, level } = tensors;
  if (image && keepMask && level) {
    device.write(tensors.image!, image);
    device.write(keepMask, new Float32Array(keepMask.size).fill(1));
    device.write(level, Float32Array.of(start.alpha, start.sigma, 0, 0));
  }
  program.run(["start"]);
  if (mask) device.write(keepMask!, mask.map((value) => value > 0.5 ? 0 : 1));
  for (const [index, step] of steps.entries()) {
    signal?.throwIfAborted();
    device.write(tensors.t, timeRows(config, Array<number>(batch).fill(step.t)));
    device.write(tensors.scalars, stepScalars(step, clip, each));
    if (mask) device.write(level!, Float32Array.of(step.level.alpha, step.level.sigma, 0, 0));
    writeKeys(index + 1);
    program.run(["step"]);
    if (index === 0) device.write(tensors.previousMask, fill(warmStart));
    if (index % STEPS_AHEAD === 0) await device.idle();
    const done = index + 1;
    if (shown.has(done)) {
      const images = await read(done === steps.length ? tensors.x : tensors.denoised);
      onEstimate?.({ indices, images, done });
    }
    onStep();
  }
  const images = await read(tensors.x);
  const at = firstNotFinite(images);
  if (at >= 0) throw new SamplingError(indices[Math.floor(at / each)]);
  return { indices, images };
}

/** Cosine and sine of the angle from the first seed's noise to the second's, for each image. */
function angles(
  indices: readonly number[],
  count: number,
  batch: number,
): Float32Array<ArrayBuffer> {
  const pairs = Array.from({ length: batch }, (_, i) => {
    const share = Math.min(1, (indices[i] ?? 0) / (count - 1));
    // The ends are exact, so that they are the two seeds' own images to the bit.
    if (share === 0 || share === 1) return [1 - share, share];
    return [Math.cos(share * Math.PI / 2), Math.sin(share * Math.PI / 2)];
  });
  return new Float32Array(pairs.flat());
}

/** The streams of one step's noise: an image's from its own seed and number, so that batches don't matter. */
function noiseKeys(
  seeds: readonly number[],
  indices: readonly number[],
  step: number,
): Uint32Array<ArrayBuffer> {
  return new Uint32Array(indices.flatMap((index, i) => {
    const images = new RandomStream(seedFor(seeds[i], "sample"), 0);
    return new RandomStream(images.bits(index), step).keys;
  }));
}

/**
 * The work of a call of `Rin.samples`, batch by batch.
 *
 * @module
 */
import type { Input } from "../device/device.ts";
import type { RinConfig } from "../model/config.ts";
import { drawnSize, exampleSize, planeSize } from "../model/example.ts";
import { firstNotFinite } from "../model/finite.ts";
import { checkValue } from "../options/schema.ts";
import { RandomStream, seedFor } from "../nn/random.ts";
import { expectContext, placeContext } from "./context.ts";
import type { InferenceFeatures } from "./inference.ts";
import type { SamplingPlan } from "./inferences.ts";
import { SamplingError } from "./errors.ts";
import { labelRows } from "./labels.ts";
import { inputFactor } from "./prediction.ts";
import { expectFloats } from "./floats.ts";
import {
  type CompleteSampleOptions,
  completeSampleOptions,
  SAMPLE_OPTIONS,
  type SampledBatch,
  type SampleOptions,
} from "./sample_options.ts";
import { defaultTimes, type SamplerStep, samplerSteps, stepScalars } from "./samplers.ts";
import { networkTime } from "./network_time.ts";
import { parseSchedule } from "./schedule.ts";
import { type NoiseLevel, noiseLevel } from "./step_factors.ts";

/** The checked options, and the values for all batches that follow from them and the network. */
export interface Sampling {
  readonly options: CompleteSampleOptions;
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
  /** The initial x: shares of the picture and of noise. */
  readonly start: Pick<NoiseLevel, "alpha" | "sigma">;
  /** Steps after which estimates are shown. */
  readonly shown: ReadonlySet<number>;
  /** Features that a plan needs. */
  readonly features: InferenceFeatures;
}

/**
 * @throws {RangeError} when an option is unknown, or it or an accompanying value is invalid
 * @throws {ConfigError} when there is no such `sampleSchedule`
 */
export function planSampling(config: RinConfig, given: SampleOptions): Sampling {
  const options = completeSampleOptions(given);
  const { count, batchSize, maxPlans, strength, guidance, estimates } = options;
  const { image, mask, context, interpolate, onEstimate } = options;
  if (guidance !== 1 && config.numClasses === 0) {
    throw new RangeError(
      `guidance is ${guidance}, but the network has no classes: leave it out, or use 1`,
    );
  }
  if (image) expectFloats("image", image, exampleSize(config));
  if (mask) expectFloats("mask", mask, planeSize(config));
  if (!image && (mask || strength < 1)) {
    throw new RangeError(`${mask ? "mask" : "strength"} needs an image`);
  }
  if (interpolate && count < 2) throw new RangeError("interpolate needs a count of 2 or more");
  if (options.timeDifference > 0 && /dpm\+|heun/.test(options.sampler)) {
    throw new RangeError(`timeDifference is for ddpm, ddim and renoise, not ${options.sampler}`);
  }
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
  expectContext(config, context, indices.length);
  const seeds = options.seeds ?? Array<number>(indices.length).fill(options.seed);
  checkValue({ ...SAMPLE_OPTIONS.seeds, length: indices.length }, "seeds", seeds);
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
      decay: options.selfCondDecay,
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
  { device, tensors, program, pace, batch }: SamplingPlan,
  { options, indices: all, seeds: allSeeds, steps, labels, guidance, start, shown }: Sampling,
  [from, to]: readonly [number, number],
  onStep: () => void,
): Promise<SampledBatch> {
  const indices = all.slice(from, to);
  const seeds = Array.from(indices, (_, i) => allSeeds[from + i]);
  const { clip, warmStart, interpolate, image, mask, context, signal, onEstimate } = options;
  const each = tensors.x.size / batch;
  const fill = (value: number) => new Float32Array(batch).fill(value);
  const read = async (tensor: typeof tensors.x) => {
    const images = (await device.read(tensor)).slice(0, indices.length * each);
    if (context) placeContext(config, context, images, from);
    return images;
  };
  const keysOf = (step: number): Input[] => {
    // Places that stay empty keep the streams that they had.
    if (!interpolate) return [[tensors.keys, noiseKeys(seeds, indices, step)]];
    const firstImages = Array<number>(batch).fill(0);
    const [begin, end] = interpolate.map((seed) => firstImages.map(() => seed));
    return [
      [tensors.keys, noiseKeys(begin, firstImages, step)],
      [tensors.otherKeys!, noiseKeys(end, firstImages, step)],
    ];
  };
  const { keepMask, level } = tensors;
  const inputsOf = (index: number): Input[] => {
    const step = steps[index];
    return [
      [tensors.t, networkTime(config, Array<number>(batch).fill(step.t))],
      [tensors.scalars, stepScalars(step, clip, drawnSize(config))],
      ...mask ? [[level!, levelOf(step.level)] as const] : [],
      ...index === 1 ? [[tensors.previousMask, fill(warmStart)] as const] : [],
      ...keysOf(index + 1),
    ];
  };
  if (interpolate) {
    device.write(tensors.slerp!, angles(indices, options.count, batch));
  }
  for (const [tensor, data] of keysOf(0)) device.write(tensor, data);
  device.write(tensors.previousMask, fill(0));
  const { latents, interface: tokens, freeLatents, freeInterface } = tensors;
  for (const state of [latents, tokens, freeLatents, freeInterface]) {
    if (state) device.write(state, new Float32Array(state.size));
  }
  if (tensors.labels) device.write(tensors.labels, labels.slice(from, to));
  if (tensors.guidance) device.write(tensors.guidance, Float32Array.of(guidance, 0, 0, 0));
  device.write(tensors.denoised, new Float32Array(tensors.denoised.size));
  device.write(tensors.thresholds, fill(1));
  if (image && keepMask && level) {
    device.write(tensors.image!, image);
    device.write(keepMask, new Float32Array(keepMask.size).fill(1));
    device.write(level, levelOf(start));
  }
  if (context) {
    const clips = new Float32Array(tensors.x.size);
    placeContext(config, context, clips, from);
    device.write(tensors.context!, clips);
  }
  program.run(["start"]);
  if (mask) device.write(keepMask!, mask.map((value) => value > 0.5 ? 0 : 1));
  let queued: Input[][] = [];
  for (let done = 1; done <= steps.length; done++) {
    signal?.throwIfAborted();
    queued.push(inputsOf(done - 1));
    if (queued.length < pace.steps && done < steps.length && !shown.has(done)) continue;
    device.replay(program, ["step"], queued);
    await pace.after(device.idle(), queued.length);
    if (shown.has(done)) {
      const images = await read(done === steps.length ? tensors.x : tensors.denoised);
      await onEstimate?.({ indices, images, done });
    }
    for (const _ of queued) onStep();
    queued = [];
  }
  const images = await read(tensors.x);
  const at = firstNotFinite(images);
  if (at >= 0) throw new SamplingError(indices[Math.floor(at / each)]);
  return { indices, images };
}

/** A picture's share and the noise's, as the device reads them. */
const levelOf = ({ alpha, sigma }: Pick<NoiseLevel, "alpha" | "sigma">) =>
  Float32Array.of(alpha, sigma, 0, 0);

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

/**
 * A trained (or fresh) network: prediction and sampling.
 *
 * @module
 */
import type { Gpu } from "../gpu/device.ts";
import {
  type Checkpoint,
  readCheckpoint,
  type Slabs,
  writeCheckpoint,
} from "../model/checkpoint.ts";
import { completeConfig, type RinConfig } from "../model/config.ts";
import { initialize } from "../model/initialize.ts";
import { parameterLayout } from "../model/parameters.ts";
import { timeRows } from "../model/time.ts";
import { slab, Weights, whole } from "../model/weights.ts";
import { RandomStream, seedFor } from "../nn/random.ts";
import { type CarriedState, expectLength, expectState } from "./carried.ts";
import { Inference, type InferenceTensors } from "./inference.ts";
import { labelRows } from "./labels.ts";
import { inputFactor } from "./prediction.ts";
import { type SamplerOptions, samplerSteps, stepScalars } from "./samplers.ts";
import { parseSchedule } from "./schedule.ts";

/** What {@linkcode Rin.sample} makes. */
export interface SampleOptions extends SamplerOptions {
  /** Number of images. Default 16. */
  readonly count?: number;
  /** i of the first image: the images from there on are those of a larger `count`. Default 0. */
  readonly first?: number;
  /** u32; image i depends on the seed and i alone. Default 0. */
  readonly seed?: number;
  /** The class of each image (count), of a network that knows classes; -1, or no list, for none. */
  readonly labels?: ArrayLike<number>;
  /**
   * Classifier-free guidance (Ho & Salimans 2022): w in free + w (guided - free), where `free` is what
   * the network predicts without the class. 1 (default) is off. The two passes of a step each hand on
   * their own latents.
   */
  readonly guidance?: number;
  /** Images made at a time; more needs more memory. Default 32, or `count` if that is less. */
  readonly batchSize?: number;
  /**
   * How much of the latents of one step the next begins from: 1 (default), all, as the paper; 0,
   * each step from Z_init; in between, Z_init + warmStart (LN0's share).
   */
  readonly warmStart?: number;
  /** Called after each step of each batch with the number of steps done and of all. */
  readonly onStep?: (done: number, total: number) => void;
}

/** What {@linkcode Rin.predict} is given beside images and times. */
export interface PredictOptions {
  /** What an earlier pass left, such as its result; without it latents begin at Z_init. */
  readonly previous?: CarriedState;
  /** Classes (B) of a network that knows classes; -1, or nothing at all, for none. */
  readonly labels?: ArrayLike<number>;
}

/** What {@linkcode Rin.predict} gives; the next prediction can begin from it. */
export interface PredictionResult extends CarriedState {
  /** The network's own prediction (B, 3, S, S): noise, x0 or v, as the config says. */
  readonly output: Float32Array<ArrayBuffer>;
}

// Steps between waits for the GPU: enough to keep it busy, few enough for progress to be true.
const STEPS_AHEAD = 4;

/**
 * A Recurrent Interface Network on a GPU.
 *
 * @example
 * ```ts ignore
 * const gpu = await requestGpu();
 * const rin = await Rin.load(gpu, await Deno.readFile("last.safetensors"));
 * const images = await rin.sample({ count: 4, seed: 1 }); // (4, 3, S, S) in [-1, 1]
 * ```
 */
export class Rin {
  /**
   * The parameters on the GPU.
   *
   * @internal
   */
  readonly weights: Weights;
  #inference: Inference | undefined;
  /** The call in progress: the next one waits for it, since they share buffers. */
  #turn: Promise<unknown> = Promise.resolve();
  #gpu: Gpu;

  private constructor(
    gpu: Gpu,
    readonly config: RinConfig,
    weights: Weights,
    private readonly ownsWeights: boolean,
  ) {
    parseSchedule(config.schedule);
    this.#gpu = gpu;
    this.weights = weights;
  }

  static #from(gpu: Gpu, config: RinConfig, parameters: Float32Array<ArrayBuffer>): Rin {
    const layout = parameterLayout(config);
    const weights = new Weights(layout, slab("parameters", layout));
    const rin = new Rin(gpu, config, weights, true);
    gpu.write(whole(weights.values), parameters);
    return rin;
  }

  /**
   * A network over weights that lie on the GPU already and stay their owner's.
   *
   * @internal
   */
  static over(gpu: Gpu, config: RinConfig, weights: Weights): Rin {
    return new Rin(gpu, config, weights, false);
  }

  /**
   * Puts a checkpoint's network on the GPU, from its moving average where it has one.
   *
   * @param gpu from {@linkcode requestGpu}
   * @param bytes a checkpoint of this project, or a PyTorch state_dict of the original saved as safetensors
   * @param options.config the network's config, where the file doesn't give it
   * @throws {CheckpointError} when the file is no checkpoint or doesn't fit the config
   * @throws {ConfigError} when the config makes no sense
   */
  static load(
    gpu: Gpu,
    bytes: Uint8Array,
    options: { config?: Partial<RinConfig> } = {},
  ): Promise<Rin> {
    return Promise.try(() => {
      const { config, slabs } = readCheckpoint(bytes, options.config);
      return Rin.#from(gpu, config, slabs.ema ?? slabs.parameters);
    });
  }

  /**
   * A fresh network, initialised as PyTorch would.
   *
   * @param gpu from {@linkcode requestGpu}
   * @param config fields that differ from the defaults
   * @param options.seed u32, default 0
   * @throws {ConfigError} when the config makes no sense
   */
  static create(
    gpu: Gpu,
    config: Partial<RinConfig> = {},
    options: { seed?: number } = {},
  ): Promise<Rin> {
    return Promise.try(() => {
      const full = completeConfig(config);
      return Rin.#from(gpu, full, initialize(parameterLayout(full), options.seed ?? 0));
    });
  }

  /** The GPU that it lives on. */
  get gpu(): Gpu {
    return this.#gpu;
  }

  /**
   * One pass of the network.
   *
   * @param xt noisy images (B, 3, S, S): sqrt(gamma) inputScale image + sqrt(1 - gamma) noise
   * @param t their times (B), in [0, 1]
   * @param options what an earlier pass left, and classes
   * @throws {RangeError} when the sizes don't fit each other and the config
   */
  predict(
    xt: Float32Array<ArrayBuffer>,
    t: Float32Array<ArrayBuffer>,
    options: PredictOptions = {},
  ): Promise<PredictionResult> {
    return this.#inTurn(() => this.#predict(xt, t, options));
  }

  async #predict(
    xt: Float32Array<ArrayBuffer>,
    t: Float32Array<ArrayBuffer>,
    { previous, labels }: PredictOptions,
  ): Promise<PredictionResult> {
    const { imageSize } = this.config;
    const batch = t.length;
    if (batch === 0) throw new RangeError("t is empty: needed one time for each image");
    expectLength("xt", xt, batch * 3 * imageSize ** 2);
    if (previous) expectState(this.config, batch, previous);
    const rows = labelRows(this.config, batch, labels);
    const { tensors, program } = await this.#prepare(batch, false);
    this.#gpu.write(tensors.x, this.#asSeen(xt, t));
    this.#gpu.write(tensors.t, timeRows(this.config, t));
    if (tensors.labels) this.#gpu.write(tensors.labels, rows);
    this.#gpu.write(tensors.warm, new Float32Array(batch).fill(previous ? 1 : 0));
    this.#carry(tensors, previous);
    program.run("network", "predict");
    const [output, latents, carried] = await Promise.all([
      this.#gpu.read(tensors.output),
      this.#gpu.read(tensors.latents),
      tensors.interface && this.#gpu.read(tensors.interface),
    ]);
    return { output, latents, ...carried && { interface: carried } };
  }

  /** x_t as the network takes it. */
  #asSeen(
    xt: Float32Array<ArrayBuffer>,
    t: Float32Array<ArrayBuffer>,
  ): Float32Array<ArrayBuffer> {
    if (!this.config.normalizeInput) return xt;
    const schedule = parseSchedule(this.config.schedule);
    const factors = Array.from(t, (time) => inputFactor(this.config, schedule(time)));
    const each = xt.length / t.length;
    return xt.map((value, i) => value * factors[Math.floor(i / each)]);
  }

  /**
   * Makes images from noise, the latents carried from step to step.
   *
   * @returns (count, 3, S, S) in about [-1, 1]
   * @throws {RangeError} when an option is out of range
   */
  sample(options: SampleOptions = {}): Promise<Float32Array<ArrayBuffer>> {
    return this.#inTurn(() => this.#sample(options));
  }

  async #sample(options: SampleOptions): Promise<Float32Array<ArrayBuffer>> {
    const {
      count = 16,
      first: from = 0,
      seed = 0,
      batchSize = 32,
      clip = true,
      warmStart = 1,
      onStep,
    } = options;
    for (const [name, value] of Object.entries({ count, batchSize })) {
      if (!Number.isInteger(value) || value < 1) {
        throw new RangeError(`${name} is ${value}: needed a positive whole number`);
      }
    }
    if (!Number.isInteger(from) || from < 0) {
      throw new RangeError(`first is ${from}: needed a whole number of 0 or more`);
    }
    if (!(warmStart >= 0 && warmStart <= 1)) {
      throw new RangeError(`warmStart is ${warmStart}: needed a number from 0 to 1`);
    }
    const { guidance = 1 } = options;
    if (!(Math.abs(guidance) <= 1000)) {
      throw new RangeError(`guidance is ${guidance}: needed a number from -1000 to 1000`);
    }
    if (guidance !== 1 && this.config.numClasses === 0) {
      throw new RangeError(
        `guidance is ${guidance}, and the network knows no classes: leave it out, or use 1`,
      );
    }
    const sections = ["network", ...typeof clip === "number" ? ["threshold"] : [], "sample"];
    const rows = labelRows(this.config, count, options.labels);
    const steps = samplerSteps(parseSchedule(this.config.schedule), this.config, options);
    const batch = Math.min(count, batchSize);
    const batches = Math.ceil(count / batch);
    const inference = await this.#prepare(batch, guidance !== 1);
    const size = 3 * this.config.imageSize ** 2;
    const images = new Float32Array(count * size);
    for (let first = 0; first < count; first += batch) {
      const done = steps.length * first / batch;
      this.#begin(inference, seed, from + first);
      this.#beginGuidance(inference.tensors, guidance);
      const { labels } = inference.tensors;
      if (labels) this.#gpu.write(labels, rows.slice(first, first + batch));
      for (const [index, step] of steps.entries()) {
        const times = Array<number>(batch).fill(step.t);
        this.#gpu.write(inference.tensors.t, timeRows(this.config, times));
        this.#gpu.write(inference.tensors.scalars, stepScalars(step, clip, size));
        this.#gpu.write(inference.tensors.keys, noiseKeys(seed, from + first, batch, index + 1));
        inference.program.run(...sections);
        if (index === 0) {
          this.#gpu.write(inference.tensors.warm, new Float32Array(batch).fill(warmStart));
        }
        if (index % STEPS_AHEAD === 0) await this.#gpu.idle();
        onStep?.(done + index + 1, steps.length * batches);
      }
      const made = await this.#gpu.read(inference.tensors.x);
      images.set(made.subarray(0, Math.min(batch, count - first) * size), first * size);
    }
    return images;
  }

  /** Writes x_T and sets the latents to begin at Z_init. */
  #begin({ tensors, batch, program }: Inference, seed: number, first: number): void {
    this.#gpu.write(tensors.keys, noiseKeys(seed, first, batch, 0));
    this.#gpu.write(tensors.warm, new Float32Array(batch));
    this.#carry(tensors);
    this.#gpu.write(tensors.clean, new Float32Array(tensors.clean.size));
    this.#gpu.write(tensors.thresholds, new Float32Array(batch).fill(1));
    program.run("start");
  }

  #beginGuidance({ guidance, freeLatents, freeInterface }: InferenceTensors, scale: number): void {
    if (guidance) this.#gpu.write(guidance, Float32Array.of(scale, 0, 0, 0));
    for (const free of [freeLatents, freeInterface]) {
      if (free) this.#gpu.write(free, new Float32Array(free.size));
    }
  }

  /** Writes what a pass begins from; zeros where nothing is carried, which then counts for nothing. */
  #carry(tensors: InferenceTensors, state?: CarriedState): void {
    const { latents, interface: carried } = tensors;
    this.#gpu.write(latents, state?.latents ?? new Float32Array(latents.size));
    if (carried) this.#gpu.write(carried, state?.interface ?? new Float32Array(carried.size));
  }

  /** The parameters by name, as in a state_dict. */
  async parameters(): Promise<Record<string, Float32Array<ArrayBuffer>>> {
    const values = await this.#gpu.read(whole(this.weights.values));
    return byName(this.weights, values);
  }

  /** The network as a checkpoint's bytes (no optimiser state). */
  async save(): Promise<Uint8Array<ArrayBuffer>> {
    const slabs: Slabs = { parameters: await this.#gpu.read(whole(this.weights.values)) };
    const checkpoint: Checkpoint = { config: this.config, slabs };
    return writeCheckpoint(checkpoint);
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => {});
    return result;
  }

  async #prepare(batch: number, guided: boolean): Promise<Inference> {
    if (this.#inference?.batch !== batch || this.#inference.guided !== guided) {
      this.#inference?.destroy();
      this.#inference = undefined;
      this.#inference = await Inference.create(
        this.#gpu,
        this.config,
        this.weights,
        batch,
        guided,
      );
    }
    return this.#inference;
  }

  /** Frees its memory on the GPU. */
  destroy(): void {
    this.#inference?.destroy();
    this.#inference = undefined;
    if (this.ownsWeights) this.#gpu.release(this.weights.values);
  }
}

/** Cuts a slab into copies of its parameters. */
export function byName(
  weights: Weights,
  slab: Float32Array<ArrayBuffer>,
): Record<string, Float32Array<ArrayBuffer>> {
  return Object.fromEntries(
    weights.layout.parameters.map((
      { name, offset, size },
    ) => [name, slab.slice(offset, offset + size)]),
  );
}

/** The streams of one step's noise: image i's from its own seed, so that batches don't matter. */
function noiseKeys(
  seed: number,
  first: number,
  batch: number,
  step: number,
): Uint32Array<ArrayBuffer> {
  const images = new RandomStream(seedFor(seed, "sample"), 0);
  return new Uint32Array(
    Array.from({ length: batch }, (_, i) => new RandomStream(images.bits(first + i), step).keys)
      .flat(),
  );
}

/**
 * A trained (or fresh) network: prediction and sampling.
 *
 * @module
 */
import type { FloatType } from "../graph/ops.ts";
import type { Device } from "../device/device.ts";
import { expectF16, PRECISIONS, toFloat16 } from "../device/float16.ts";
import {
  type Checkpoint,
  readCheckpoint,
  type Slabs,
  writeCheckpoint,
} from "../model/checkpoint.ts";
import { checkpointBytes, type CheckpointSource } from "../model/checkpoint_source.ts";
import { completeConfig, type RinConfig } from "../model/config.ts";
import { exampleSize, pixelsOf } from "../model/example.ts";
import { CheckpointError } from "../model/errors.ts";
import { beyondHalf, MAX_F16 } from "../model/finite.ts";
import { initialize } from "../model/initialize.ts";
import { parameterLayout } from "../model/parameters.ts";
import { checkOptions } from "../options/schema.ts";
import { laidOut, slab, Weights, whole } from "../model/weights.ts";
import { expectFloats, expectTimes } from "./floats.ts";
import { expectState, type SelfConditioningState } from "./self_conditioning.ts";
import type { PassTensors } from "./inference.ts";
import { Inferences } from "./inferences.ts";
import { labelRows } from "./labels.ts";
import { isGiven } from "./context.ts";
import { inputFactor } from "./prediction.ts";
import { SAMPLE_OPTIONS, type SampledBatch, type SampleOptions } from "./sample_options.ts";
import { planSampling, sampleBatch } from "./sampling.ts";
import { networkTime } from "./network_time.ts";
import { parseSchedule } from "./schedule.ts";

/** Options of {@linkcode Rin.load}. */
export interface LoadOptions {
  /** The network's config, where the file doesn't give it. */
  readonly config?: Partial<RinConfig>;
  /**
   * f16: weights and activations in half precision, in half the memory, on a GPU with
   * `shader-f16`; all sums stay f32. Default f32, but weights of a half-precision checkpoint stay
   * as they are where the device supports it.
   */
  readonly precision?: FloatType;
}

/** Options of {@linkcode Rin.create}. */
export interface CreateOptions {
  /** Seed of the parameters, u32. Default 0. */
  readonly seed?: number;
}

/** Options of {@linkcode Rin.predict}. */
export interface PredictOptions {
  /** State from an earlier pass, such as its result; without it latents begin at Z_init. */
  readonly previous?: SelfConditioningState;
  /** Classes (B) of a class-conditional network; -1, or undefined, for none. */
  readonly labels?: ArrayLike<number>;
}

/** Result of {@linkcode Rin.predict}; the next prediction can begin from it. */
export interface PredictionResult extends SelfConditioningState {
  /** The network's own prediction, shaped as x_t: noise, x0 or v, by the config. */
  readonly output: Float32Array<ArrayBuffer>;
}

/**
 * A Recurrent Interface Network on a device.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { requestGpu, Rin } from "@rin/rin";
 *
 * const device = await requestGpu();
 * const fresh = await Rin.create(device, { imageSize: 16, patchSize: 4, latentDim: 32, numHeads: 2 });
 * const rin = await Rin.load(device, await fresh.save()); // or a checkpoint's bytes
 * const images = await rin.sample({ count: 4, steps: 2, seed: 1 }); // (4, C, H, W) in [-1, 1]
 * assertEquals(images, await fresh.sample({ count: 4, steps: 2, seed: 1 }));
 * device.destroy();
 * ```
 */
export class Rin {
  /**
   * The parameters on the device.
   *
   * @internal
   */
  readonly weights: Weights;
  #inferences: Inferences;
  /** The call in progress: the next one waits for it, since they share buffers. */
  #turn: Promise<unknown> = Promise.resolve();
  #device: Device;

  private constructor(
    device: Device,
    readonly config: RinConfig,
    weights: Weights,
    private readonly ownsWeights: boolean,
    /** How activations are stored. */
    readonly precision: FloatType = "f32",
  ) {
    parseSchedule(config.schedule);
    this.#device = device;
    this.weights = weights;
    this.#inferences = new Inferences(device, config, weights, precision);
  }

  /** @param type type of the parameters on the device; for f16, they must be widened f16 */
  static #from(
    device: Device,
    config: RinConfig,
    parameters: Float32Array<ArrayBuffer>,
    type?: FloatType,
    precision?: FloatType,
  ): Rin {
    const layout = parameterLayout(config, type);
    const weights = new Weights(layout, slab("parameters", layout));
    const rin = new Rin(device, config, weights, true, precision);
    const values = laidOut(parameters, parameterLayout(config), layout);
    device.write(whole(weights.values), type === "f16" ? toFloat16(values) : values);
    return rin;
  }

  /**
   * A network over weights that are on the device already and stay their owner's.
   *
   * @internal
   */
  static over(device: Device, config: RinConfig, weights: Weights): Rin {
    return new Rin(device, config, weights, false);
  }

  /**
   * Puts a checkpoint's network on the device, from its moving average where it has one. Parameters
   * of a half-precision checkpoint stay so, in half the memory, where a GPU has `shader-f16`; all
   * arithmetic with them is in f32, as if they had been widened first.
   *
   * @param device from `requestDevice`, `requestGpu`, or `requestCpu`
   * @param source a checkpoint of this project, or a PyTorch state_dict of the original saved as
   * safetensors: its bytes (an ArrayBuffer or any view, such as Node's Buffer), a Blob, or a Response
   * @param options.config the network's config, where the file doesn't give it
   * @param options.precision f16 to compute in half precision; default f32
   * @throws {CheckpointError} when the file is no checkpoint, doesn't fit the config, or has
   * weights that are not finite, or, with f16, too large for it
   * @throws {RangeError} when an option is unknown or makes no sense, or the device has no f16
   * @throws {ConfigError} when the config makes no sense
   */
  static async load(
    device: Device,
    source: CheckpointSource,
    options: LoadOptions = {},
  ): Promise<Rin> {
    const schema = { config: { type: "Object" }, precision: { enum: PRECISIONS } } as const;
    const { precision = "f32" } = checkOptions(schema, options, "option");
    if (precision === "f16") expectF16(device);
    const bytes = await checkpointBytes(source);
    const { config, slabs, dtype } = readCheckpoint(bytes, options.config);
    const type = precision === "f16" || device.supportsF16 && dtype === "f16" ? "f16" : "f32";
    const parameters = slabs.ema ?? slabs.parameters;
    const wrong = type === "f16" ? beyondHalf(parameters) : undefined;
    if (wrong !== undefined) {
      throw new CheckpointError(
        `it has a weight of ${wrong}, beyond ${MAX_F16}, the most of precision f16: use f32`,
      );
    }
    return Rin.#from(device, config, parameters, type, precision);
  }

  /**
   * A fresh network, initialised as PyTorch would.
   *
   * @param device from `requestDevice`, `requestGpu`, or `requestCpu`
   * @param config fields that differ from the defaults
   * @param options.seed u32, default 0
   * @throws {ConfigError} when the config makes no sense
   */
  static create(
    device: Device,
    config: Partial<RinConfig> = {},
    options: CreateOptions = {},
  ): Promise<Rin> {
    return new Promise((resolve) => {
      checkOptions({ seed: SAMPLE_OPTIONS.seed }, options, "option");
      const full = completeConfig(config);
      resolve(Rin.#from(device, full, initialize(parameterLayout(full), options.seed ?? 0)));
    });
  }

  /** The device that it lives on. */
  get device(): Device {
    return this.#device;
  }

  /**
   * One pass of the network.
   *
   * @param xt noisy images (B, C, H, W) or clips (B, C, T, H, W): sqrt(gamma) inputScale image + sqrt(1 - gamma) noise;
   * context frames without noise, inputScale image
   * @param t their times (B), in [0, 1]
   * @param options state from an earlier pass, and classes
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
    options: PredictOptions,
  ): Promise<PredictionResult> {
    const { labels: schema } = SAMPLE_OPTIONS;
    const { previous, labels } = checkOptions(
      { previous: { type: "Object" }, labels: schema },
      options,
      "option",
    );
    expectTimes(t);
    const batch = t.length;
    expectFloats("xt", xt, batch * exampleSize(this.config));
    if (previous) expectState(this.config, batch, previous);
    const rows = labelRows(this.config, batch, labels);
    const { tensors, program } = await this.#inferences.prediction(batch);
    this.#device.write(tensors.x, this.#asSeen(xt, t));
    this.#device.write(tensors.t, networkTime(this.config, t));
    if (tensors.labels) this.#device.write(tensors.labels, rows);
    this.#device.write(tensors.previousMask, new Float32Array(batch).fill(previous ? 1 : 0));
    this.#writePrevious(tensors, previous);
    program.run();
    const [output, latents, tokens] = await Promise.all([
      this.#device.read(tensors.output),
      this.#device.read(tensors.latents),
      tensors.interface && this.#device.read(tensors.interface),
    ]);
    return { output, latents, ...tokens && { interface: tokens } };
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
    const clean = inputFactor(this.config, 1);
    const pixels = pixelsOf(this.config);
    return xt.map((value, i) =>
      value * (isGiven(this.config, Math.floor(i / pixels)) ? clean : factors[Math.floor(i / each)])
    );
  }

  /**
   * Makes images, or clips, from noise or from a picture, the latents handed from step to step.
   *
   * @returns (count, C, H, W), or (count, C, T, H, W), in about [-1, 1]
   * @throws {RangeError} when an option is out of range
   * @throws {SamplingError} when an image does not come out as finite numbers
   */
  async sample(options: SampleOptions = {}): Promise<Float32Array<ArrayBuffer>> {
    const { indices } = planSampling(this.config, options);
    const images = new Float32Array(indices.length * exampleSize(this.config));
    let at = 0;
    for await (const batch of this.samples(options)) {
      images.set(batch.images, at);
      at += batch.images.length;
    }
    return images;
  }

  /**
   * The same batch by batch, for more images than memory holds.
   *
   * @throws {RangeError} when an option is out of range
   * @throws {SamplingError} when an image does not come out as finite numbers
   */
  async *samples(options: SampleOptions = {}): AsyncGenerator<SampledBatch> {
    const sampling = planSampling(this.config, options);
    const { indices, steps } = sampling;
    let { batch } = sampling;
    let done = 0;
    for (let first = 0; first < indices.length;) {
      const [from, before] = [first, done];
      const made = await this.#inTurn(async (): Promise<SampledBatch> => {
        const inference = await this.#inferences.sampling({
          features: sampling.features,
          batch: Math.min(batch, indices.length - from),
          maxPlans: sampling.maxPlans,
        });
        batch = Math.min(batch, inference.batch);
        const total = before + steps.length * Math.ceil((indices.length - from) / batch);
        return await sampleBatch(
          this.config,
          inference,
          sampling,
          [from, from + batch],
          () => options.onStep?.(++done, total),
        );
      });
      yield made;
      first += made.indices.length;
    }
  }

  /** Writes the state that a pass begins from. Without one it writes zeros, which condition nothing. */
  #writePrevious(tensors: PassTensors, state?: SelfConditioningState): void {
    const { latents, interface: tokens } = tensors;
    this.#device.write(latents, state?.latents ?? new Float32Array(latents.size));
    if (tokens) this.#device.write(tokens, state?.interface ?? new Float32Array(tokens.size));
  }

  /** The parameters by name, as in a state_dict. */
  async parameters(): Promise<Record<string, Float32Array<ArrayBuffer>>> {
    const values = await this.#device.read(whole(this.weights.values));
    return byName(this.weights, values);
  }

  /** The network as a checkpoint's bytes (no optimizer state). */
  async save(): Promise<Uint8Array<ArrayBuffer>> {
    const { values, layout } = this.weights;
    const parameters = await this.#device.read(whole(values));
    const slabs: Slabs = {
      parameters: laidOut(parameters, layout, parameterLayout(this.config)),
    };
    const checkpoint: Checkpoint = { config: this.config, slabs };
    return writeCheckpoint(checkpoint);
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => {});
    return result;
  }

  /** Frees its memory on the device. */
  destroy(): void {
    this.#inferences.destroy();
    if (this.ownsWeights) this.#device.release(this.weights.values);
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

/**
 * Trains a network.
 *
 * @module
 */
import { HISTORY } from "../graph/ops.ts";
import { Rin } from "../diffusion/rin.ts";
import { parseSchedule } from "../diffusion/schedule.ts";
import type { Device, OperationProfile, Program } from "../device/device.ts";
import { expectF16 } from "../device/float16.ts";
import { Pace } from "../device/pace.ts";
import type { Storage } from "../graph/tensor.ts";
import { beginFrom, type Begun } from "../model/begin_from.ts";
import { readCheckpoint, type Slabs, writeCheckpoint } from "../model/checkpoint.ts";
import { checkpointBytes, type CheckpointSource } from "../model/checkpoint_source.ts";
import { completeConfig, ConfigError, type RinConfig } from "../model/config.ts";
import { initialize } from "../model/initialize.ts";
import { parameterLayout } from "../model/parameters.ts";
import { CheckpointError } from "../model/safetensors.ts";
import { checkObject, checkOptions, checkValue, shown, tagOf } from "../options/schema.ts";
import { Weights, whole } from "../model/weights.ts";
import { compileStep } from "./compile_step.ts";
import { learningRate, observePlateau, PLATEAU_START, type PlateauState } from "./learning_rate.ts";
import { GradientSum } from "./gradient_sum.ts";
import { completeTrainOptions, type TrainOptions } from "./options.ts";
import { ALONE, cutAmong, type Peers, placesOf } from "./peers.ts";
import { partPhases, type StepPhase, trainSlabs } from "./step_plan.ts";
import {
  MEASURED,
  type Measured,
  type StepTensors,
  storagesOf,
  type TrainSlabs,
} from "./step_tensors.ts";
import { type ExampleInputs, exampleInputs, optimizerScalars } from "./step_inputs.ts";
import { type Batches, Validator } from "./validator.ts";

/** Metrics of a step that the device has finished. */
export interface StepMetrics {
  /** The step, counted from 1. */
  readonly step: number;
  /**
   * The training loss: mean squared error of the batch, weighted as `lossSpace` and `minSnr` say.
   */
  readonly loss: number;
  /** The gradient's norm before clipping. */
  readonly gradientNorm: number;
  /** Whether both were finite; a step that was not changed no parameter. */
  readonly finite: boolean;
  /** Learning rate. */
  readonly lr: number;
}

/** Mean, standard deviation and Euclidean norm of a tensor. */
export interface Moments {
  /** Arithmetic mean. */
  readonly mean: number;
  /** Standard deviation. */
  readonly std: number;
  /** Square root of the sum of squares. */
  readonly norm: number;
}

const BEGIN_OPTIONS = { init: { type: "Uint8Array" }, peers: { type: "Object" } } as const;

const ENQUEUE_OPTIONS = {
  labels: { type: "numbers", items: { type: "number" } },
  measure: { type: "boolean" },
} as const;

/**
 * A training run on a device. A step is a function of the seed, the step's number and the batch
 * alone, so a resumed run continues with the same bits.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { requestGpu, Trainer } from "@rin/rin";
 *
 * const device = await requestGpu();
 * const network = { imageSize: 16, patchSize: 4, latentDim: 32, numHeads: 2 };
 * const trainer = await Trainer.create(device, network, { batchSize: 2 });
 * const batch = Float32Array.from({ length: 2 * 3 * 16 * 16 }, (_, i) => Math.sin(i));
 * await trainer.step(batch);
 * const again = await Trainer.resume(device, await trainer.save());
 * assertEquals(await again.step(batch), await trainer.step(batch));
 * device.destroy();
 * ```
 */
export class Trainer {
  #device: Device;
  #program: Program<StepPhase>;
  #tensors: StepTensors;
  #slabs: TrainSlabs;
  #weights: Weights;
  #done: number;
  #read: number;
  #plateau: PlateauState;
  /** Devices that trained it, for the checkpoint. */
  #devices: Set<string>;
  #pace = new Pace();
  #average: Rin | undefined;
  #validator: Validator | undefined;
  #begun: Begun | undefined;
  /** The sum of all processes' gradients, where there are several. */
  #gradientSum: GradientSum | undefined;

  private constructor(
    device: Device,
    readonly config: RinConfig,
    readonly options: TrainOptions,
    readonly peers: Peers,
    made: {
      program: Program<StepPhase>;
      tensors: StepTensors;
      slabs: TrainSlabs;
      weights: Weights;
    },
    state: Omit<SavedTraining, "options">,
  ) {
    this.#device = device;
    this.#program = made.program;
    this.#tensors = made.tensors;
    this.#slabs = made.slabs;
    this.#weights = made.weights;
    this.#done = this.#read = state.step;
    this.#plateau = state.plateau;
    this.#devices = new Set(state.devices);
    if (peers.size > 1) this.#gradientSum = new GradientSum(peers, made.weights.layout.size);
  }

  /**
   * Begins a run with a fresh network, or from the weights of another one: of the moving average
   * where there is one. The optimizer state is new in any case. The other network can have other
   * classes; {@linkcode Trainer.begun} names the tensors that follow from their number and start
   * fresh.
   *
   * @param device from `requestDevice`, `requestGpu`, or `requestCpu`
   * @param config the network; fields that differ from the defaults
   * @param options the training; fields that differ from the defaults
   * @param begin.init bytes of a checkpoint to begin from; `config` then has the fields that differ
   *   from its config
   * @param begin.peers processes that train with this one, which make the same calls; none by default
   * @throws {ConfigError} when config or options make no sense, or the network is not that of `init`
   * @throws {CheckpointError} when `init` is no checkpoint
   * @throws {DeviceLimitError} when the device can't hold it
   */
  static async create(
    device: Device,
    config: Partial<RinConfig> = {},
    options: Partial<TrainOptions> = {},
    begin: { init?: Uint8Array; peers?: Peers } = {},
  ): Promise<Trainer> {
    checkObject(config, "config field", ConfigError);
    const { init, peers = ALONE } = checkOptions(BEGIN_OPTIONS, begin, "option", ConfigError);
    const from = init && readCheckpoint(init);
    const full = completeConfig({ ...from?.config, ...config });
    const trainOptions = completeTrainOptions(options);
    const begun = from && beginFrom(from, full, trainOptions.seed);
    const parameters = begun?.parameters ?? initialize(parameterLayout(full), trainOptions.seed);
    const slabs = { parameters, ema: parameters };
    const trainer = await Trainer.#start(device, full, trainOptions, peers, slabs, {
      step: 0,
      plateau: PLATEAU_START,
    });
    trainer.#begun = begun && { anew: begun.anew, leftOut: begun.leftOut };
    return trainer;
  }

  /**
   * Continues a run exactly where {@linkcode Trainer.save} left it.
   *
   * @param device from `requestDevice`, `requestGpu`, or `requestCpu`
   * @param source the result of `save`: its bytes (an ArrayBuffer or any view, such as Node's
   * Buffer), a Blob, or a Response
   * @param options training options that are to change from here on
   * @param peers processes that train with this one, which make the same calls; none by default
   * @throws {CheckpointError} when the file is no checkpoint of a run
   * @throws {ConfigError} when an option is unknown or makes no sense
   */
  static async resume(
    device: Device,
    source: CheckpointSource,
    options: Partial<TrainOptions> = {},
    peers: Peers = ALONE,
  ): Promise<Trainer> {
    checkObject(options, "training option", ConfigError);
    const { config, slabs, training } = readCheckpoint(await checkpointBytes(source));
    if (training === undefined || !slabs.ema || !slabs.adam_m || !slabs.adam_v) {
      throw new CheckpointError(
        "it holds a network only: it lacks the optimizer state to train on",
      );
    }
    const { options: saved, ...state } = training as unknown as SavedTraining;
    const full = completeTrainOptions({ ...saved, ...options });
    return await Trainer.#start(device, config, full, peers, slabs, state);
  }

  static async #start(
    device: Device,
    config: RinConfig,
    options: TrainOptions,
    peers: Peers,
    initial: Slabs,
    state: Omit<SavedTraining, "options">,
  ): Promise<Trainer> {
    parseSchedule(config.schedule);
    if (options.precision === "f16") expectF16(device);
    const layout = parameterLayout(config);
    const cut = cutAmong(peers, options);
    const slabs = trainSlabs(layout, cut);
    const weights = new Weights(layout, slabs.parameters);
    try {
      for (const kind of ["parameters", "ema", "adam_m", "adam_v"] as const) {
        const values = initial[kind];
        if (values) device.write(whole(slabs[kind]), values);
      }
      const step = await compileStep(device, config, cut, layout, slabs);
      const { scaling } = step.tensors;
      if (scaling) device.write(scaling, Float32Array.from(state.scaling ?? SCALING_START));
      return new Trainer(device, config, options, peers, { ...step, slabs, weights }, state);
    } catch (error) {
      device.release(...Object.values(slabs));
      throw error;
    }
  }

  /** Tensors of classes not taken over, where training began from another network's weights. */
  get begun(): Begun | undefined {
    return this.#begun;
  }

  /** Steps done so far (handed to the device, that is). */
  get stepsDone(): number {
    return this.#done;
  }

  /** The network with the averaged weights; it shares the trainer's memory and moves with it. */
  get average(): Rin {
    const weights = new Weights(this.#weights.layout, this.#slabs.ema);
    return this.#average ??= Rin.over(this.#device, this.config, weights);
  }

  /**
   * Trains on a batch, and waits for the step's loss. To keep the device busy use
   * {@linkcode Trainer.enqueue}.
   *
   * @param batch images (batchSize, C, H, W), or clips (batchSize, C, T, H, W), in [-1, 1]
   * @param labels their classes (batchSize), for a class-conditional network; -1 for none
   */
  async step(batch: Float32Array<ArrayBuffer>, labels?: ArrayLike<number>): Promise<StepMetrics> {
    await this.enqueue(batch, { labels });
    return (await this.metrics()).at(-1)!;
  }

  /**
   * Hands a step to the device, and waits while it has some 30 ms of work to do, two steps at least.
   *
   * @param batch images (batchSize, C, H, W), or clips (batchSize, C, T, H, W), in [-1, 1]; with
   * peers only this process's examples, at {@linkcode Trainer.places}
   * @param options.labels their classes (batchSize), for a class-conditional network; -1 for none
   * @param options.measure whether to compute the moments for {@linkcode Trainer.moments}, too
   * @throws {RangeError} when an option is unknown, the batch is none or has the wrong size, labels are missing or impossible, or
   * 512 steps' metrics are unread
   */
  async enqueue(
    batch: Float32Array<ArrayBuffer>,
    options: { labels?: ArrayLike<number>; measure?: boolean } = {},
  ): Promise<void> {
    const { labels, measure = false } = checkOptions(ENQUEUE_OPTIONS, options, "option");
    const { accumulate } = this.options;
    const { x0, scalars } = this.#tensors;
    if (tagOf(batch) !== "Float32Array") {
      throw new RangeError(`The batch is ${shown(batch)}: expected a value of Float32Array`);
    }
    if (batch.length !== x0.size * accumulate) {
      const shape = [this.places.length, ...x0.shape.slice(1)];
      throw new RangeError(
        `The batch has ${batch.length} numbers: expected ${x0.size * accumulate} (${shape})`,
      );
    }
    if (this.#done - this.#read >= HISTORY) {
      throw new RangeError(`The metrics of ${HISTORY} steps are unread: call metrics() more often`);
    }
    const step = this.#done;
    const { config, places } = this;
    const inputs = {
      x0: batch,
      ...exampleInputs(config, this.options, step, labels, places),
    };
    this.#device.write(scalars, optimizerScalars(this.options, step, this.#lr(step)));
    if (this.#gradientSum) await this.#stepTogether(inputs, this.#gradientSum, measure);
    else {
      for (let part = 0; part < accumulate; part++) {
        this.#write(inputs, part);
        this.#program.run(partPhases(part, this.options, measure));
      }
    }
    this.#done++;
    this.#devices.add(this.#device.provenance);
    await this.#pace.after(this.#device.idle());
  }

  /** The places in the whole batch of the examples that this process trains on. */
  get places(): number[] {
    return placesOf(this.peers, this.options);
  }

  /** Writes the inputs of a part of this process's examples. */
  #write(inputs: PartInputs, part: number): void {
    for (const [name, values] of Object.entries(inputs)) {
      const tensor = this.#tensors[name as keyof PartInputs];
      if (tensor === undefined) continue;
      this.#device.write(tensor, values.subarray(part * tensor.size, (part + 1) * tensor.size));
    }
  }

  /** Does a step with the peers; the device computes a part while the one before is exchanged. */
  async #stepTogether(inputs: PartInputs, sum: GradientSum, measure: boolean): Promise<void> {
    const { accumulate } = this.options;
    const slab = whole(this.#slabs.sum!);
    const squares = this.#tensors.squares!;
    let added = Promise.resolve();
    for (let part = 0; part < accumulate; part++) {
      const last = part === accumulate - 1;
      this.#write(inputs, part);
      this.#program.run(["part", "first", ...last && measure ? ["metrics"] as const : []]);
      const read = Promise.all([this.#device.read(slab), this.#device.read(squares)]);
      // It is reported when its turn comes.
      read.catch(() => {});
      await added;
      added = read.then(([gradients, partials]) => sum.add(gradients, partials));
      added.catch(() => {});
    }
    await added;
    const { gradients, partials } = await sum.take();
    this.#device.write(slab, gradients);
    this.#device.write(squares, partials);
    this.#program.run(["update"]);
  }

  #lr(step: number): number {
    return learningRate(this.options, step, this.#plateau.scale);
  }

  /** The metrics of all steps since the last call, once the device has done them. */
  async metrics(): Promise<StepMetrics[]> {
    const [first, end] = [this.#read, this.#done];
    this.#read = end;
    if (first === end) return [];
    const history = await this.#device.read(this.#tensors.history);
    return Array.from({ length: end - first }, (_, i): StepMetrics => {
      const at = 4 * ((first + i) % HISTORY);
      const [, finite, loss, gradientNorm] = history.subarray(at, at + 4);
      return {
        step: first + i + 1,
        loss,
        gradientNorm,
        finite: finite === 1,
        lr: this.#lr(first + i),
      };
    });
  }

  /** Moments of the last measured step. */
  async moments(): Promise<Record<Measured, Moments>> {
    const own = await this.#device.read(this.#tensors.moments);
    // The last process has the batch's last part.
    const values = (await this.peers.gather(own)).subarray(-own.length);
    const entries = MEASURED.map((name, i): [string, Moments] => {
      const [mean, std, norm] = values.subarray(3 * i, 3 * i + 3);
      return [name, { mean, std, norm }];
    });
    return Object.fromEntries(entries) as Record<Measured, Moments>;
  }

  /**
   * Mean squared error on images never trained on, with self-conditioning, averaged over the times
   * t = (i + 1/2) / 16 and on noise that is the same at every call.
   *
   * @param images (count, C, H, W), or clips, in [-1, 1], in any number of batches, each with its
   * classes for a class-conditional network (without them this measures the unconditional loss)
   * @param which the weights to use: the moving average (default) or the parameters themselves
   * @throws {RangeError} when a batch is none, or `which` is something else
   */
  async validate(
    images: Batches,
    which: "ema" | "parameters" = "ema",
  ): Promise<number> {
    checkValue({ enum: ["ema", "parameters"] }, "which", which);
    this.#validator ??= new Validator(this.#device, this.config, this.options, this.peers);
    return await this.#validator.loss(
      new Weights(this.#weights.layout, this.#slabs[which]),
      images,
    );
  }

  /** Takes a validation loss into account ("plateau" learning rate). */
  observe(validLoss: number): void {
    if (this.options.lrSchedule === "plateau") {
      this.#plateau = observePlateau(this.options, this.#plateau, validLoss);
    }
  }

  /**
   * Everything that {@linkcode Trainer.resume} needs, as the bytes of one checkpoint.
   *
   * @param extra further values for its metadata, under `training`
   */
  async save(extra: Record<string, unknown> = {}): Promise<Uint8Array<ArrayBuffer>> {
    checkObject(extra, "additional field");
    const { scaling } = this.#tensors;
    const state: SavedTraining = {
      step: this.#done,
      options: this.options,
      plateau: this.#plateau,
      devices: [...this.#devices],
      ...scaling && { scaling: [...await this.#device.read(scaling)] },
    };
    const read = (storage: Storage) => this.#device.read(whole(storage));
    const { parameters, ema, adam_m, adam_v } = this.#slabs;
    const slabs: Slabs = {
      parameters: await read(parameters),
      ema: await read(ema),
      adam_m: await read(adam_m),
      adam_v: await read(adam_v),
    };
    return writeCheckpoint({ config: this.config, slabs, training: { ...extra, ...state } });
  }

  /**
   * Times the operations of one step, or with `accumulate` of its last part. It repeats that step's
   * update and changes nothing else.
   */
  profile(): Promise<OperationProfile[]> {
    return this.#program.profile(partPhases(this.options.accumulate - 1, this.options, false));
  }

  /** Frees its memory on the device. */
  destroy(): void {
    this.#program.destroy();
    this.#validator?.destroy();
    this.#average?.destroy();
    this.#device.release(...storagesOf(this.#tensors), ...Object.values(this.#slabs));
  }
}

/** A step's inputs of all parts that this process has. */
type PartInputs = { readonly x0: Float32Array<ArrayBuffer> } & ExampleInputs;

interface SavedTraining {
  readonly step: number;
  readonly options: TrainOptions;
  readonly plateau: PlateauState;
  /** The provenance of each device that has trained it, in the order of their first steps. */
  readonly devices?: readonly string[];
  /** With precision f16: the factor of the loss, and good steps since it changed. */
  readonly scaling?: readonly number[];
}

/** A factor that most networks can begin with, and no good step. */
const SCALING_START = [2 ** 16, 0];

/**
 * The loss on images that are not trained on: the squared error of the network's own prediction,
 * without `lossSpace` and `minSnr`, so that runs that weight differently can be compared.
 *
 * @module
 */
import { type FloatType, PARTIALS } from "../graph/ops.ts";
import { rowWeights, weightedRows } from "../diffusion/context.ts";
import { recordLoss } from "../diffusion/loss.ts";
import { expectFloats } from "../diffusion/floats.ts";
import { labelRows } from "../diffusion/labels.ts";
import { noisingCoefficients } from "../diffusion/prediction.ts";
import { networkTime } from "../diffusion/network_time.ts";
import { parseSchedule } from "../diffusion/schedule.ts";
import type { Device } from "../device/device.ts";
import { Plan } from "../graph/plan.ts";
import { persistent, temporary, type Tensor } from "../graph/tensor.ts";
import type { Program } from "../device/device.ts";
import { checkNames } from "../options/schema.ts";
import type { RinConfig } from "../model/config.ts";
import { drawnSize, exampleShape, exampleSize } from "../model/example.ts";
import { timeWidth } from "../model/time.ts";
import type { Weights } from "../model/weights.ts";
import { copyTo } from "../nn/tokens.ts";
import { RandomStream, seedFor } from "../nn/random.ts";
import type { TrainOptions } from "./options.ts";
import { ALONE, type Peers } from "./peers.ts";

/** Times that the loss is averaged over: (i + 1/2) / 16. */
const TIMES = Array.from({ length: 16 }, (_, i) => (i + 0.5) / 16);

/** Images (B, C, H, W) or clips (B, C, T, H, W) in [-1, 1], alone or with their classes (B), -1 for none. */
export type ValidationBatch =
  | Float32Array<ArrayBuffer>
  | { readonly images: Float32Array<ArrayBuffer>; readonly labels?: ArrayLike<number> };

/** Validation examples, a batch at a time. */
export type Batches = Iterable<ValidationBatch> | AsyncIterable<ValidationBatch>;

interface Prepared {
  readonly program: Program<"step">;
  readonly tensors:
    & Record<"x0" | "t" | "coefficients" | "lossWeight" | "mask" | "keys" | "partial", Tensor>
    & { readonly labels?: Tensor };
}

/** Measures the loss; plans are kept for each slab of weights and batch size. */
export class Validator {
  #plans = new Map<string, Promise<Prepared>>();
  /** Those that are compiled. */
  #ready: Prepared[] = [];
  #destroyed = false;

  constructor(
    readonly device: Device,
    readonly config: RinConfig,
    readonly options: Pick<TrainOptions, "seed" | "selfCondRate">,
    readonly peers: Peers = ALONE,
    readonly precision: FloatType = "f32",
  ) {}

  /** The mean over all images and times. */
  async loss(weights: Weights, batches: Batches): Promise<number> {
    const losses = await this.losses(weights, batches, TIMES);
    return losses.reduce((a, b) => a + b, 0) / losses.length;
  }

  /**
   * The mean over all images, for each time; noise depends on seed, image and time alone. Peers take
   * the batches in turn.
   */
  async losses(weights: Weights, batches: Batches, times: readonly number[]): Promise<number[]> {
    const size = exampleSize(this.config);
    /** Of each batch, for each time; 0 in those of peers. */
    const errors: number[] = [];
    let [count, turn] = [0, 0];
    for await (const given of batches) {
      const { images: x0, labels = undefined } = ArrayBuffer.isView(given)
        ? { images: given }
        : given;
      if (!ArrayBuffer.isView(given)) checkNames(given, ["images", "labels"], "field");
      const batch = Math.max(1, Math.floor(x0?.length / size));
      expectFloats("images", x0, batch * size);
      if (turn++ % this.peers.size !== this.peers.rank) {
        errors.push(...times.map(() => 0));
        count += batch;
        continue;
      }
      const { program, tensors } = await this.#prepare(weights, batch);
      this.device.write(tensors.x0, x0);
      const rows = labelRows(this.config, batch, labels);
      if (tensors.labels) this.device.write(tensors.labels, rows);
      this.device.write(tensors.mask, new Float32Array(batch).fill(1));
      this.device.write(tensors.lossWeight, rowWeights(this.config, Array(batch).fill(1)));
      for (const [index, t] of times.entries()) {
        this.#write(tensors, batch, t, count * times.length + index, times.length);
        program.run();
        const partial = await this.device.read(tensors.partial);
        errors.push(partial.reduce((total, value, i) => i % 2 === 1 ? total + value : total, 0));
      }
      count += batch;
    }
    const all = await this.#gathered(errors, times.length);
    return times.map((_, index) => {
      const own = all.filter((_, i) => i % times.length === index);
      return own.reduce((sum, error) => sum + error, 0) / (count * drawnSize(this.config));
    });
  }

  /** The errors of all batches, each from the process that measured it. */
  async #gathered(errors: readonly number[], each: number): Promise<number[]> {
    const { peers } = this;
    if (peers.size === 1) return [...errors];
    const bits = new Float32Array(Float64Array.from(errors).buffer);
    const all = new Float64Array((await peers.gather(bits)).buffer);
    return errors.map((_, i) => all[(Math.floor(i / each) % peers.size) * errors.length + i]);
  }

  /** The noise of image i is that of `stream` + i `apart`. */
  #write(
    tensors: Prepared["tensors"],
    batch: number,
    t: number,
    stream: number,
    apart: number,
  ): void {
    const gamma = parseSchedule(this.config.schedule)(t);
    const gammas = new Array<number>(batch).fill(gamma);
    const seed = seedFor(this.options.seed, "validate");
    const keys = gammas.flatMap((_, i) => new RandomStream(seed, stream + i * apart).keys);
    const repeated = Array<number>(batch).fill(t);
    this.device.write(tensors.t, networkTime(this.config, repeated));
    this.device.write(tensors.coefficients, noisingCoefficients(this.config, gammas));
    this.device.write(tensors.keys, new Uint32Array(keys));
  }

  #prepare(weights: Weights, batch: number): Promise<Prepared> {
    const key = `${weights.values.name} ${batch}`;
    let prepared = this.#plans.get(key);
    if (prepared === undefined) {
      prepared = this.#compile(weights, batch);
      this.#plans.set(key, prepared);
    }
    return prepared;
  }

  async #compile(weights: Weights, batch: number): Promise<Prepared> {
    const image = [batch, ...exampleShape(this.config)];
    const tensors = {
      x0: persistent("x0", image),
      t: persistent("t", [batch, timeWidth(this.config)]),
      labels: this.config.numClasses > 0 ? persistent("labels", [batch]) : undefined,
      coefficients: persistent("coefficients", [batch, 4]),
      lossWeight: persistent("lossWeight", [batch * weightedRows(this.config)]),
      mask: persistent("mask", [batch]),
      keys: persistent("keys", [batch, 2]),
      partial: persistent("partial", [PARTIALS, 2]),
    };
    const { x0, t, labels, coefficients, lossWeight, mask, keys, partial } = tensors;
    const plan = new Plan();
    plan.activations = this.precision;
    const noise = temporary(...image);
    plan.record("normals", { batch, each: noise.size / batch }, { keys, y: noise });
    const previous = this.options.selfCondRate > 0 ? { self: true, mask } as const : undefined;
    const inputs = { x0, noise, coefficients, lossWeight, t, labels, previous };
    const loss = recordLoss(plan, this.config, weights, inputs);
    copyTo(plan, loss.partial, partial);
    const prepared = { program: await this.device.compile(plan), tensors };
    if (this.#destroyed) {
      this.#free(prepared);
      throw new Error("The validator was destroyed");
    }
    this.#ready.push(prepared);
    return prepared;
  }

  #free({ program, tensors }: Prepared): void {
    program.destroy();
    this.device.release(...Object.values(tensors).flatMap((tensor) => tensor?.storage ?? []));
  }

  /** Frees its memory on the device, at once; plans that are still compiling free themselves. */
  destroy(): void {
    this.#destroyed = true;
    for (const prepared of this.#ready) this.#free(prepared);
    this.#ready = [];
    this.#plans.clear();
  }
}

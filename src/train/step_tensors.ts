/**
 * Tensors on the device during a training step: slabs, inputs and results.
 *
 * @module
 */
import type { Storage, Tensor } from "../graph/tensor.ts";

/** Slabs of a run, all laid out alike. */
export interface TrainSlabs {
  readonly parameters: Storage;
  readonly gradients: Storage;
  /** Adam's first moment. */
  readonly adam_m: Storage;
  /** Adam's second moment. */
  readonly adam_v: Storage;
  /** Moving average of the parameters. */
  readonly ema: Storage;
  /** The sum of the gradients of a batch's parts, where it has several. */
  readonly sum?: Storage;
}

/** A tensor with measured moments. */
export type Measured = "x0" | "xt" | "noise" | "prediction" | "interface" | "latents";

/** All of them, in the order of `moments`. */
export const MEASURED: readonly Measured[] = [
  "x0",
  "xt",
  "noise",
  "prediction",
  "interface",
  "latents",
];

/** Tensors that the host writes before each part of a step's batch (of `part` examples). */
export interface PartTensors {
  /** (part, C, H, W). */
  readonly x0: Tensor;
  readonly t: Tensor;
  /** Classes (B), u32; for class-conditional networks. */
  readonly labels?: Tensor;
  readonly coefficients: Tensor;
  readonly lossWeight: Tensor;
  readonly mask: Tensor;
  readonly keys: Tensor;
  /** Streams of the dropped elements (part, 2), u32; with `dropout` or `dropPath` only. */
  readonly dropKeys?: Tensor;
  /** (part, C), with `offsetNoise` only. */
  readonly offsets?: Tensor;
}

/** Tensors that the host writes before a step, and reads after it. */
export interface StepTensors extends PartTensors {
  readonly scalars: Tensor;
  /** (512, 4): factor, finite, loss, norm. */
  readonly history: Tensor;
  /** Mean, standard deviation and norm of each of {@linkcode MEASURED}, in the batch's last part. */
  readonly moments: Tensor;
  /** The sum of the parts' partial sums of the loss, where there are several. */
  readonly squares?: Tensor;
  /** Factor of the loss, and good steps since it changed (2): state of training in f16. */
  readonly scaling?: Tensor;
  /** LAMB's table, written once. */
  readonly chunks?: Tensor;
}

/** Their memory. */
export function storagesOf(tensors: StepTensors): Storage[] {
  return Object.values(tensors).flatMap((tensor?: Tensor) => tensor?.storage ?? []);
}

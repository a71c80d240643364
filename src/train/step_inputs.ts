/**
 * What changes from step to step: random draws and the optimiser's scalars, as functions of the
 * options and the step's number alone.
 *
 * @module
 */
import { HISTORY, OPTIMIZER_SCALARS } from "../../kernels/optimizer.ts";
import { RandomStream, seedFor } from "../nn/random.ts";
import type { TrainOptions } from "./options.ts";

/** One entry an example, but two for `keys`. */
export interface StepDraws {
  /** Times, uniform on (0, 1). */
  readonly t: number[];
  /** 1 where latents begin from a pass of their own. */
  readonly mask: number[];
  /** Streams of the noise. */
  readonly keys: number[];
}

/** The draws of a step (0-based). */
export function drawStep({ batchSize, seed, selfCondRate }: TrainOptions, step: number): StepDraws {
  const times = new RandomStream(seedFor(seed, "time"), step);
  const chosen = new RandomStream(seedFor(seed, "self-conditioning"), step);
  const noise = seedFor(seed, "noise");
  const examples = Array.from({ length: batchSize }, (_, i) => i);
  return {
    t: examples.map((i) => times.uniform(i)),
    mask: examples.map((i) => chosen.uniform(i) < selfCondRate ? 1 : 0),
    keys: examples.flatMap((i) => new RandomStream(noise, step * batchSize + i).keys),
  };
}

/** The scalars of a step (0-based) in the order of the kernels' uniform, padded to 12. */
export function optimizerScalars(
  { beta1, beta2, epsilon, weightDecay, emaDecay, clip }: TrainOptions,
  step: number,
  lr: number,
): Float32Array<ArrayBuffer> {
  const values: Record<typeof OPTIMIZER_SCALARS[number], number> = {
    lr,
    beta1,
    beta2,
    epsilon,
    weightDecay,
    correction1: 1 - beta1 ** (step + 1),
    correction2: Math.sqrt(1 - beta2 ** (step + 1)),
    // A short run's average follows closely at first.
    emaDecay: Math.min(emaDecay, (1 + step) / (10 + step)),
    clip,
    slot: step % HISTORY,
  };
  const packed = new Float32Array(12);
  packed.set(OPTIMIZER_SCALARS.map((name) => values[name]));
  return packed;
}

/**
 * The plan that a training step replays: noising, both passes, the loss, the backward pass, and the
 * update of all parameters.
 *
 * @module
 */
import { adamW, HISTORY, judgeStep } from "../../kernels/optimizer.ts";
import { normals } from "../../kernels/random.ts";
import { moments, partialMoments, PARTIALS } from "../../kernels/reduce.ts";
import { recordLoss } from "../diffusion/loss.ts";
import { type AdapterKind, persistent, Plan, type Storage, type Tensor } from "../gpu/plan.ts";
import type { RinConfig } from "../model/config.ts";
import { slab, Weights, whole } from "../model/weights.ts";
import type { ParameterLayout } from "../model/parameters.ts";
import type { TrainOptions } from "./options.ts";

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
}

/** A tensor whose moments are measured. */
export type Measured = "x0" | "xt" | "noise" | "prediction" | "interface" | "latents";

/** All of them, in the order of `figures`. */
export const MEASURED: readonly Measured[] = [
  "x0",
  "xt",
  "noise",
  "prediction",
  "interface",
  "latents",
];

/** What the host writes before a step, and reads after it. */
export interface StepTensors {
  readonly x0: Tensor;
  readonly t: Tensor;
  readonly coefficients: Tensor;
  readonly mask: Tensor;
  readonly keys: Tensor;
  readonly scalars: Tensor;
  /** (64, 4): factor, finite, loss, norm. */
  readonly history: Tensor;
  /** Mean, standard deviation and norm of each of {@linkcode MEASURED}. */
  readonly figures: Tensor;
}

/** Makes the slabs' descriptions. */
export function trainSlabs(layout: ParameterLayout): TrainSlabs {
  return {
    parameters: slab("parameters", layout),
    gradients: slab("gradients", layout),
    adam_m: slab("adam_m", layout),
    adam_v: slab("adam_v", layout),
    ema: slab("ema", layout),
  };
}

/** Records a step; its section "metrics" measures, the rest ("step") trains. */
export function recordStep(
  adapter: AdapterKind,
  config: RinConfig,
  options: TrainOptions,
  layout: ParameterLayout,
  slabs: TrainSlabs,
): { plan: Plan; tensors: StepTensors } {
  const { batchSize: batch, selfCondRate, decayAll } = options;
  const image = [batch, 3, config.imageSize, config.imageSize];
  const tensors: StepTensors = {
    x0: persistent("x0", image),
    t: persistent("t", [batch, 1]),
    coefficients: persistent("coefficients", [batch, 4]),
    mask: persistent("mask", [batch]),
    keys: persistent("keys", [batch, 2]),
    scalars: persistent("scalars", [12]),
    history: persistent("history", [HISTORY, 4]),
    figures: persistent("figures", [MEASURED.length, 3]),
  };
  const { x0, t, coefficients, mask, keys, scalars, history, figures } = tensors;
  const plan = new Plan(adapter);
  const weights = new Weights(layout, slabs.parameters, slabs.gradients);
  const noise = plan.activation(image);
  plan.dispatch(normals({ batch, each: noise.size / batch }), [keys, noise]);
  const previous = selfCondRate > 0 ? { self: true, mask } as const : undefined;
  const loss = recordLoss(plan, config, weights, { x0, noise, coefficients, t, previous });
  plan.section("metrics", () => {
    const measured = [x0, loss.xt, noise, loss.output, loss.interface, loss.latents];
    measured.forEach((x, i) => {
      const partial = plan.activation([PARTIALS, 2]);
      plan.dispatch(partialMoments({ size: x.size }), [x, partial]);
      plan.dispatch(moments({ size: x.size, at: 3 * i }), [partial, figures]);
    });
  });
  plan.backward(loss.output, loss.gradient);

  const { size } = layout;
  const partial = plan.activation([PARTIALS, 2]);
  const verdict = plan.activation([4]);
  plan.dispatch(partialMoments({ size }), [whole(slabs.gradients), partial]);
  plan.dispatch(judgeStep({ size: x0.size }), [loss.partial, partial, scalars, verdict, history]);
  plan.dispatch(adamW({ size, decayed: decayAll ? size : layout.matrices }), [
    whole(slabs.parameters),
    whole(slabs.gradients),
    whole(slabs.adam_m),
    whole(slabs.adam_v),
    whole(slabs.ema),
    verdict,
    scalars,
  ]);
  return { plan, tensors };
}

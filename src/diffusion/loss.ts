/**
 * The training loss: mean squared error of the prediction on noised images.
 *
 * @module
 */
import { PARTIALS } from "../graph/ops.ts";
import { Plan } from "../graph/plan.ts";
import { persistent, temporary, type Tensor } from "../graph/tensor.ts";
import type { Program } from "../device/device.ts";
import type { RinConfig } from "../model/config.ts";
import { drawnSize, exampleShape, exampleSize, interfaceTokens } from "../model/example.ts";
import {
  embedImages,
  embedTime,
  rin,
  type RinOutputs,
  rinState,
  type SelfConditioningInputs,
  selfConditionsInterface,
} from "../model/rin.ts";
import { checkNames } from "../options/schema.ts";
import { timeWidth } from "../model/time.ts";
import { slab, Weights, whole } from "../model/weights.ts";
import type { Dropout } from "../nn/dropout.ts";
import { copyTo } from "../nn/tokens.ts";
import { recordContext, rowWeights, weightedRows } from "./context.ts";
import { expectFloats, expectTimes } from "./floats.ts";
import { expectState, type SelfConditioningState } from "./self_conditioning.ts";
import { labelRows } from "./labels.ts";
import { noisingCoefficients } from "./prediction.ts";
import { byName, type Rin } from "./rin.ts";
import { networkTime } from "./network_time.ts";
import { parseSchedule } from "./schedule.ts";

/** Inputs of the loss. */
export interface LossInputs {
  /** Clean images (B, C, H, W) in [-1, 1]. */
  readonly x0: Tensor;
  /** Standard normals (B, C, H, W). */
  readonly noise: Tensor;
  /** From `noisingCoefficients`: (B, 4). */
  readonly coefficients: Tensor;
  /** Factors on squared errors, from `rowWeights`: (B), or with context frames (B, C, T). */
  readonly lossWeight: Tensor;
  /** Examples that the mean is over, where these are but a part of them. */
  readonly whole?: number;
  /** Times (B, timeWidth). */
  readonly t: Tensor;
  /** Classes (B), u32; for class-conditional networks. */
  readonly labels?: Tensor;
  /**
   * Source of latents (and interface): given ones; "self", a pass of their own from the same x_t
   * and classes without gradient, for the examples (B) with mask 1; nowhere.
   */
  readonly previous?: SelfConditioningInputs | { readonly self: true; readonly mask: Tensor };
  /** For training: dropout, different in each pass, the one without gradient included. */
  readonly drop?: Dropout;
  /** Whether the backward pass computes each block's activations again, for less memory. */
  readonly checkpointBlocks?: boolean;
}

/** The loss and the tensors behind it. */
export interface Loss extends RinOutputs {
  readonly xt: Tensor;
  /** (1024, 2): the second column adds up to the weighted sum of squared errors of what is drawn. */
  readonly partial: Tensor;
  /** The gradient of the prediction (B, C, H, W). */
  readonly gradient: Tensor;
}

/** Records noising, the passes and the loss; the backward pass is the caller's to ask for. */
export function recordLoss(
  plan: Plan<string>,
  config: RinConfig,
  weights: Weights,
  inputs: LossInputs,
): Loss {
  const { x0, noise, coefficients, lossWeight, whole = x0.shape[0], previous } = inputs;
  const { t, labels, drop, checkpointBlocks } = inputs;
  const [batch] = x0.shape;
  const xt = temporary(...x0.shape);
  const target = temporary(...x0.shape);
  const sizes = { batch, each: x0.size / batch };
  plan.record("addNoise", sizes, { x0, noise, coefficients, xt, target });
  if (config.contextFrames > 0) recordContext(plan, config, x0, xt);
  const pass = {
    ...{ xt, t, labels, drop },
    tokens: embedImages(plan, config, weights, xt),
    conditioning: embedTime(plan, config, weights, { t, labels }),
  };
  const given: SelfConditioningInputs | undefined = previous && "self" in previous
    ? {
      ...plan.withoutGradient(() => rinState(plan, config, weights, pass)),
      mask: previous.mask,
    }
    : previous;
  const outputs = rin(plan, config, weights, { ...pass, previous: given, checkpointBlocks });
  const gradient = temporary(...x0.shape);
  const partial = temporary(PARTIALS, 2);
  const each = exampleSize(config) / weightedRows(config);
  plan.record(
    "squaredError",
    { batch: x0.size / each, each, whole: whole * drawnSize(config) / each },
    { prediction: outputs.output, target, lossWeight, gradient, partial },
  );
  return { ...outputs, xt, partial, gradient };
}

/** A batch with its noise and times given. */
export interface LossExample {
  /** Clean images (B, C, H, W) in [-1, 1]. */
  readonly x0: Float32Array<ArrayBuffer>;
  /** Standard normals (B, C, H, W). */
  readonly noise: Float32Array<ArrayBuffer>;
  /** Times (B), in [0, 1]. */
  readonly t: Float32Array<ArrayBuffer>;
  /** Classes (B) of a class-conditional network; -1, or undefined, for none. */
  readonly labels?: ArrayLike<number>;
  /** The state from an earlier pass. */
  readonly previous?: SelfConditioningState;
  /** Factors on the examples' squared errors (B); 1 unless given. */
  readonly lossWeight?: Float32Array<ArrayBuffer>;
}

/**
 * The loss of a batch and its gradient for every parameter, by name. For tests and research: it
 * builds a plan, uses it once and frees it.
 *
 * @throws {RangeError} when the sizes don't fit each other and the config
 */
export async function lossAndGradients(
  rin: Rin,
  example: LossExample,
): Promise<{ loss: number; gradients: Record<string, Float32Array<ArrayBuffer>> }> {
  const { device, config, weights } = rin;
  checkNames(
    example,
    ["x0", "noise", "t", "labels", "previous", "lossWeight"],
    "field",
  );
  expectTimes(example.t);
  const batch = example.t.length;
  const image = [batch, ...exampleShape(config)];
  const inputs = {
    x0: persistent("x0", image),
    noise: persistent("noise", image),
    coefficients: persistent("coefficients", [batch, 4]),
    t: persistent("t", [batch, timeWidth(config)]),
    latents: persistent("latents", [batch, config.numLatents, config.latentDim]),
    interface: persistent("interface", [batch, interfaceTokens(config), config.interfaceDim]),
    labels: persistent("labels", [batch]),
    mask: persistent("mask", [batch]),
    lossWeight: persistent("lossWeight", [batch * weightedRows(config)]),
    partial: persistent("partial", [PARTIALS, 2]),
  };
  expectFloats("x0", example.x0, inputs.x0.size);
  expectFloats("noise", example.noise, inputs.noise.size);
  if (example.lossWeight) expectFloats("lossWeight", example.lossWeight, batch);
  const given = example.previous;
  if (given) expectState(config, batch, given);
  const gradients = slab("gradients", weights.layout, "f32");
  const trained = new Weights(weights.layout, weights.values, gradients);
  const { x0, noise, coefficients, t, latents, mask, lossWeight } = inputs;
  const labels = config.numClasses > 0 ? inputs.labels : undefined;
  const tokens = selfConditionsInterface(config) ? inputs.interface : undefined;
  const plan = new Plan();
  const previous = given && { latents, interface: tokens, mask };
  const loss = recordLoss(plan, config, trained, {
    x0,
    noise,
    coefficients,
    lossWeight,
    t,
    labels,
    previous,
  });
  copyTo(plan, loss.partial, inputs.partial);
  plan.backward(loss.output, loss.gradient);
  let program: Program | undefined;
  try {
    program = await device.compile(plan);
    const gammas = Array.from(example.t, parseSchedule(config.schedule));
    device.write(x0, example.x0);
    device.write(noise, example.noise);
    device.write(coefficients, noisingCoefficients(config, gammas));
    device.write(t, networkTime(config, example.t));
    device.write(inputs.labels, labelRows(config, batch, example.labels));
    if (given) device.write(latents, given.latents);
    if (tokens && given) device.write(tokens, given.interface!);
    device.write(mask, new Float32Array(batch).fill(1));
    const factors = example.lossWeight ?? new Float32Array(batch).fill(1);
    device.write(lossWeight, rowWeights(config, factors));
    program.run();
    const partial = await device.read(inputs.partial);
    const sum = partial.reduce((total, value, i) => i % 2 === 1 ? total + value : total, 0);
    const values = await device.read(whole(gradients));
    return { loss: sum / (batch * drawnSize(config)), gradients: byName(weights, values) };
  } finally {
    program?.destroy();
    device.release(gradients, ...Object.values(inputs).map(({ storage }) => storage!));
  }
}

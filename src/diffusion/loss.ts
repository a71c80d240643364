/**
 * The training loss: mean squared error of the prediction on noised images.
 *
 * @module
 */
import { addNoise, squaredError } from "../../kernels/diffusion.ts";
import { PARTIALS } from "../../kernels/reduce.ts";
import { persistent, Plan, type Tensor } from "../gpu/plan.ts";
import { Program } from "../gpu/program.ts";
import type { RinConfig } from "../model/config.ts";
import { exampleShape, interfaceTokens } from "../model/example.ts";
import { handsOnInterface, type Previous, rin, type RinOutputs, rinState } from "../model/rin.ts";
import { timeRows, timeWidth } from "../model/time.ts";
import { slab, Weights, whole } from "../model/weights.ts";
import type { Dropping } from "../nn/dropout.ts";
import { keep } from "../nn/tokens.ts";
import { type CarriedState, expectLength, expectState } from "./carried.ts";
import { labelRows } from "./labels.ts";
import { noisingCoefficients } from "./prediction.ts";
import { byName, type Rin } from "./rin.ts";
import { parseSchedule } from "./schedule.ts";

/** What the loss is computed from. */
export interface LossInputs {
  /** Clean images (B, 3, S, S) in [-1, 1]. */
  readonly x0: Tensor;
  /** Standard normals (B, 3, S, S). */
  readonly noise: Tensor;
  /** From `noisingCoefficients`: (B, 4). */
  readonly coefficients: Tensor;
  /** Factors on the examples' squared errors (B), see `lossWeight`. */
  readonly importance: Tensor;
  /** Examples that the mean is over, where these are but a part of them. */
  readonly whole?: number;
  /** Times (B, timeWidth). */
  readonly t: Tensor;
  /** Classes (B), u32; for networks that know classes. */
  readonly labels?: Tensor;
  /**
   * Where latents (and interface) come from: given ones; "self", a pass of their own from the same
   * x_t and classes without gradient, for the examples (B) whose mask is 1; nowhere.
   */
  readonly previous?: Previous | { readonly self: true; readonly mask: Tensor };
  /** For training: what is dropped, in the pass without gradient too, each time something else. */
  readonly drop?: Dropping;
}

/** The loss with what it was computed from. */
export interface Loss extends RinOutputs {
  readonly xt: Tensor;
  /** (1024, 2): the second column adds up to the weighted sum of squared errors. */
  readonly partial: Tensor;
  /** The gradient of the prediction (B, 3, S, S). */
  readonly gradient: Tensor;
}

/** Records noising, the passes and the loss; the backward pass is the caller's to ask for. */
export function recordLoss(
  plan: Plan,
  config: RinConfig,
  weights: Weights,
  { x0, noise, coefficients, importance, whole, t, labels, previous, drop }: LossInputs,
): Loss {
  const [batch] = x0.shape;
  const xt = plan.activation(x0.shape);
  const target = plan.activation(x0.shape);
  plan.dispatch(
    addNoise({ batch, each: x0.size / batch }),
    [x0, noise, coefficients, xt, target],
  );
  const warm: Previous | undefined = previous && "self" in previous
    ? {
      ...plan.withoutGradient(() => rinState(plan, config, weights, { xt, t, labels, drop })),
      mask: previous.mask,
    }
    : previous;
  const outputs = rin(plan, config, weights, { xt, t, labels, previous: warm, drop });
  const gradient = plan.activation(x0.shape);
  const partial = plan.activation([PARTIALS, 2]);
  plan.dispatch(
    squaredError({ batch, each: x0.size / batch, whole }),
    [outputs.output, target, importance, gradient, partial],
  );
  return { ...outputs, xt, partial, gradient };
}

/** A batch with its noise and times given. */
export interface LossExample {
  /** Clean images (B, 3, S, S) in [-1, 1]. */
  readonly x0: Float32Array<ArrayBuffer>;
  /** Standard normals (B, 3, S, S). */
  readonly noise: Float32Array<ArrayBuffer>;
  /** Times (B), in [0, 1]. */
  readonly t: Float32Array<ArrayBuffer>;
  /** Classes (B) of a network that knows classes; -1, or nothing at all, for none. */
  readonly labels?: ArrayLike<number>;
  /** What an earlier pass left to begin from. */
  readonly previous?: CarriedState;
  /** Factors on the examples' squared errors (B); 1 unless given. */
  readonly importance?: Float32Array<ArrayBuffer>;
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
  const { gpu, config, weights } = rin;
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
    importance: persistent("importance", [batch]),
    partial: persistent("partial", [PARTIALS, 2]),
  };
  expectLength("x0", example.x0, inputs.x0.size);
  expectLength("noise", example.noise, inputs.noise.size);
  if (example.importance) expectLength("importance", example.importance, batch);
  const given = example.previous;
  if (given) expectState(config, batch, given);
  const gradients = slab("gradients", weights.layout, "f32");
  const trained = new Weights(weights.layout, weights.values, gradients);
  const { x0, noise, coefficients, t, latents, mask, importance } = inputs;
  const labels = config.numClasses > 0 ? inputs.labels : undefined;
  const carried = handsOnInterface(config) ? inputs.interface : undefined;
  const plan = new Plan(gpu.kind);
  const previous = given && { latents, interface: carried, mask };
  const loss = recordLoss(plan, config, trained, {
    x0,
    noise,
    coefficients,
    importance,
    t,
    labels,
    previous,
  });
  keep(plan, loss.partial, inputs.partial);
  plan.backward(loss.output, loss.gradient);
  let program: Program | undefined;
  try {
    program = await Program.compile(gpu, plan);
    const gammas = Array.from(example.t, parseSchedule(config.schedule));
    gpu.write(x0, example.x0);
    gpu.write(noise, example.noise);
    gpu.write(coefficients, noisingCoefficients(config, gammas));
    gpu.write(t, timeRows(config, example.t));
    gpu.write(inputs.labels, labelRows(config, batch, example.labels));
    if (given) gpu.write(latents, given.latents);
    if (carried && given) gpu.write(carried, given.interface!);
    gpu.write(mask, new Float32Array(batch).fill(1));
    gpu.write(importance, example.importance ?? new Float32Array(batch).fill(1));
    program.run();
    const partial = await gpu.read(inputs.partial);
    const sum = partial.reduce((total, value, i) => i % 2 === 1 ? total + value : total, 0);
    const values = await gpu.read(whole(gradients));
    return { loss: sum / x0.size, gradients: byName(weights, values) };
  } finally {
    program?.destroy();
    gpu.release(gradients, ...Object.values(inputs).map(({ storage }) => storage!));
  }
}

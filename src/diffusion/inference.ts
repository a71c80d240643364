/**
 * The plan that prediction and sampling replay, for one batch size.
 *
 * @module
 */
import type { Device, Program } from "../device/device.ts";
import { Plan } from "../graph/plan.ts";
import { constant, persistent, type Storage, type Tensor } from "../graph/tensor.ts";
import type { RinConfig } from "../model/config.ts";
import { exampleShape, interfaceTokens } from "../model/example.ts";
import { rin, selfConditionsInterface } from "../model/rin.ts";
import { timeWidth } from "../model/time.ts";
import type { Weights } from "../model/weights.ts";
import { copyTo } from "../nn/tokens.ts";

/** Inputs and results that the host writes and reads. */
export interface InferenceTensors {
  /** x_t, and in sampling what it becomes: (B, 3, S, S). */
  readonly x: Tensor;
  /** (B, timeWidth). */
  readonly t: Tensor;
  /** Classes (B), u32; for networks that know classes. */
  readonly labels?: Tensor;
  /** Latents that a pass begins with, and in sampling what they become: (B, M, Dz). */
  readonly latents: Tensor;
  /** The same of the interface (B, N, Dx), for networks that hand it on. */
  readonly interface?: Tensor;
  /** (B): how much of `latents` and `interface` an example begins from, 0 to 1. */
  readonly warm: Tensor;
  /** With guidance: the scale (4, of which the first counts). */
  readonly guidance?: Tensor;
  /** With guidance: latents of the passes that know no class. */
  readonly freeLatents?: Tensor;
  /** With guidance: the interface of these, for networks that hand it on. */
  readonly freeInterface?: Tensor;
  /** The prediction (B, 3, S, S). */
  readonly output: Tensor;
  /** Streams of the noise (B, 2), u32. */
  readonly keys: Tensor;
  /** The same of the noise that it is turned to, and cosine and sine of the turn: (B, 2). */
  readonly otherKeys: Tensor;
  readonly turn: Tensor;
  /** x_T's noise (B, 3, S, S). */
  readonly first: Tensor;
  /** A picture (3, S, S), where it is kept (S, S), and its share and the noise's (4). */
  readonly image: Tensor;
  readonly keepMask: Tensor;
  readonly level: Tensor;
  /** The sampler's scalars (8). */
  readonly scalars: Tensor;
  /** The latest estimate of x0 (B, 3, S, S). */
  readonly denoised: Tensor;
  /** (B): what the estimate is clipped to and divided by, 1 without dynamic thresholding. */
  readonly thresholds: Tensor;
}

const PHASES = [
  "start",
  "start turn",
  "network",
  "predict",
  "threshold",
  "sample noise",
  "sample turn",
  "sample",
  "place",
] as const;

/** The parts of {@linkcode recordInference}'s plan. */
export type InferencePhase = typeof PHASES[number];

/** A compiled plan of one batch size. */
export class Inference {
  private constructor(
    readonly device: Device,
    readonly batch: number,
    readonly guided: boolean,
    readonly tensors: InferenceTensors,
    readonly program: Program<InferencePhase>,
  ) {}

  /** Records and compiles. */
  static async create(
    device: Device,
    config: RinConfig,
    weights: Weights,
    batch: number,
    guided: boolean,
  ): Promise<Inference> {
    const { plan, tensors } = recordInference(config, weights, batch, guided);
    try {
      return new Inference(device, batch, guided, tensors, await device.compile(plan));
    } catch (error) {
      device.release(...storagesOf(tensors));
      throw error;
    }
  }

  /** Frees its memory. */
  destroy(): void {
    this.program.destroy();
    this.device.release(...storagesOf(this.tensors));
  }
}

function storagesOf(tensors: InferenceTensors): Storage[] {
  return Object.values(tensors).flatMap((tensor?: Tensor) => tensor?.storage ?? []);
}

/**
 * Records x_T's noise ("start"), a pass ("network"), its reading ("predict"), dynamic thresholds
 * ("threshold"), a step's noise ("sample noise"), a sampler's step ("sample"), both noises turned
 * towards others ("start turn", "sample turn"), and the picture put in its place ("place"). With `guided`, each pass has a second one beside it
 * that knows no class and hands its own latents (and interface) on.
 */
export function recordInference(
  config: RinConfig,
  weights: Weights,
  batch: number,
  guided = false,
): { plan: Plan<InferencePhase>; tensors: InferenceTensors } {
  const { numLatents, latentDim, interfaceDim, numClasses } = config;
  const carried = [batch, interfaceTokens(config), interfaceDim];
  const image = [batch, ...exampleShape(config)];
  const tensors: InferenceTensors = {
    x: persistent("x", image),
    t: persistent("t", [batch, timeWidth(config)]),
    labels: numClasses > 0 ? persistent("labels", [batch]) : undefined,
    latents: persistent("latents", [batch, numLatents, latentDim]),
    interface: selfConditionsInterface(config) ? persistent("interface", carried) : undefined,
    warm: persistent("warm", [batch]),
    ...guided && {
      guidance: persistent("guidance", [4]),
      freeLatents: persistent("free latents", [batch, numLatents, latentDim]),
      ...selfConditionsInterface(config) &&
        { freeInterface: persistent("free interface", carried) },
    },
    output: persistent("output", image),
    keys: persistent("keys", [batch, 2]),
    otherKeys: persistent("other keys", [batch, 2]),
    turn: persistent("turn", [batch, 2]),
    first: persistent("first noise", image),
    image: persistent("image", image.slice(1)),
    keepMask: persistent("kept", image.slice(2)),
    level: persistent("level", [4]),
    scalars: persistent("scalars", [8]),
    denoised: persistent("clean", image),
    thresholds: persistent("thresholds", [batch]),
  };
  const { x, t, labels, latents, warm, output, keys, scalars, denoised, thresholds } = tensors;
  const images = { batch, each: x.size / batch };
  const plan = new Plan(...PHASES);
  const { otherKeys, turn, first } = tensors;
  const noise = (name: "start" | "sample noise", y: Tensor) => {
    plan.phase(name, () => plan.record("normals", images, { keys, y }));
    plan.phase(name === "start" ? "start turn" : "sample turn", () => {
      const other = plan.activation(image);
      plan.record("normals", images, { keys: otherKeys, y: other });
      plan.record("slerp", images, { other, turn, y });
    });
  };
  noise("start", first);
  const result = plan.phase(
    "network",
    () =>
      rin(plan, config, weights, {
        xt: x,
        t,
        labels,
        previous: { latents, interface: tensors.interface, mask: warm },
      }),
  );
  plan.phase("predict", () => copyTo(plan, result.output, output));
  plan.phase("network", () => {
    copyTo(plan, result.latents, latents);
    if (tensors.interface) copyTo(plan, result.interface, tensors.interface);
  });
  const prediction = guided
    ? plan.phase("network", () => recordGuidance(plan, config, weights, tensors, result.output))
    : result.output;
  plan.phase("threshold", () => {
    plan.record("thresholds", images, { x, prediction, scalars, thresholds });
  });
  const fresh = plan.activation(image);
  noise("sample noise", fresh);
  plan.phase("sample", () => {
    plan.record("samplerStep", images, { x, prediction, fresh, denoised, thresholds, scalars });
  });
  plan.phase("place", () => {
    const { image, keepMask, level } = tensors;
    plan.record(
      "placeImage",
      { batch, plane: keepMask.size },
      { image, noise: first, keepMask, level, x },
    );
  });
  return { plan, tensors };
}

/** The prediction of a pass without a class, and what guidance makes of both. */
function recordGuidance(
  plan: Plan<string>,
  config: RinConfig,
  weights: Weights,
  { x, t, warm, guidance, freeLatents, freeInterface }: InferenceTensors,
  guided: Tensor,
): Tensor {
  const [batch] = x.shape;
  const none = new Uint32Array(batch).fill(config.numClasses);
  const free = rin(plan, config, weights, {
    xt: x,
    t,
    labels: constant("no class", [batch], new Float32Array(none.buffer)),
    previous: { latents: freeLatents!, interface: freeInterface, mask: warm },
  });
  copyTo(plan, free.latents, freeLatents!);
  if (freeInterface) copyTo(plan, free.interface, freeInterface);
  const output = plan.activation(guided.shape);
  const operands = { guided, free: free.output, scale: guidance!, y: output };
  plan.record("guide", { size: x.size }, operands);
  return output;
}

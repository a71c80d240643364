/**
 * The plans that prediction and sampling replay, for one batch size. A plan holds only what it
 * uses: the options of a call decide which operations it records.
 *
 * @module
 */
import type { Device, Program } from "../device/device.ts";
import { Pace } from "../device/pace.ts";
import type { FloatType } from "../graph/ops.ts";
import { Plan } from "../graph/plan.ts";
import { constant, persistent, type Storage, temporary, type Tensor } from "../graph/tensor.ts";
import type { RinConfig } from "../model/config.ts";
import { exampleShape, interfaceTokens } from "../model/example.ts";
import { embedImages, rin, selfConditionsInterface } from "../model/rin.ts";
import { timeWidth } from "../model/time.ts";
import type { Weights } from "../model/weights.ts";
import { copyTo } from "../nn/tokens.ts";
import { drawnFrames, recordContext } from "./context.ts";

/** Features of a plan of prediction or sampling. */
export interface InferenceFeatures {
  /** One pass that the host reads, or the steps of a sampler. */
  readonly task: "predict" | "sample";
  /** A second, unconditional pass with each, for classifier-free guidance. */
  readonly guided: boolean;
  /** The start of samples: noise, a picture, or a picture that is put back after each step. */
  readonly begin: "noise" | "image" | "mask";
  /** Noise between that of two seeds. */
  readonly interpolate: boolean;
  /** Dynamic thresholding. */
  readonly threshold: boolean;
  /** Share of a pass's initial state that stays in the state that it passes on. */
  readonly decay: number;
}

/** Plain sampling. */
export const SAMPLE: InferenceFeatures = {
  task: "sample",
  guided: false,
  begin: "noise",
  interpolate: false,
  threshold: false,
  decay: 0,
};

/** One pass. */
export const PREDICT: InferenceFeatures = { ...SAMPLE, task: "predict" };

/** Inputs and results of a pass, which the host writes and reads. */
export interface PassTensors {
  /** x_t, which sampling updates in place: (B, C, H, W). */
  readonly x: Tensor;
  /** (B, timeWidth). */
  readonly t: Tensor;
  /** Classes (B), u32; for class-conditional networks. */
  readonly labels?: Tensor;
  /** Latents before a pass, and then after it: (B, M, Dz). */
  readonly latents: Tensor;
  /** The same of the interface (B, N, Dx), for networks that hand it on. */
  readonly interface?: Tensor;
  /** (B): how much of `latents` and `interface` an example begins from, 0 to 1. */
  readonly previousMask: Tensor;
}

/** Tensors of prediction in addition to a pass's. */
export interface PredictionTensors extends PassTensors {
  /** The prediction (B, C, H, W). */
  readonly output: Tensor;
}

/** Tensors of sampling in addition to a pass's. */
export interface SamplingTensors extends PassTensors {
  /** With guidance: the scale (4; the first one counts). */
  readonly guidance?: Tensor;
  /** With guidance: latents of the unconditional passes. */
  readonly freeLatents?: Tensor;
  /** With guidance: the interface of these, for networks that hand it on. */
  readonly freeInterface?: Tensor;
  /** Streams of the noise (B, 2), u32. */
  readonly keys: Tensor;
  /** With interpolation: the streams of the other seed's noise (B, 2), u32. */
  readonly otherKeys?: Tensor;
  /** With interpolation: cosine and sine of the angle between the two (B, 2). */
  readonly slerp?: Tensor;
  /** With a picture: x_T's noise (B, C, H, W). */
  readonly first?: Tensor;
  /** A picture (C, H, W). */
  readonly image?: Tensor;
  /** With a picture: 1 where the sampler puts it back (S, S). */
  readonly keepMask?: Tensor;
  /** With a picture: its share and the noise's (4; two of them count). */
  readonly level?: Tensor;
  /** With context frames: clips (B, C, T, H, W), of which those are given. */
  readonly context?: Tensor;
  /** The sampler's scalars (8). */
  readonly scalars: Tensor;
  /** The latest estimate of x0 (B, C, H, W). */
  readonly denoised: Tensor;
  /** (B): limit and divisor of the estimate, 1 without dynamic thresholding. */
  readonly thresholds: Tensor;
}

/** The parts of {@linkcode recordSampling}'s plan: the initial x, and a sampler's step. */
export type SamplingPhase = "start" | "step";

/** A plan of prediction. */
export interface RecordedPrediction {
  readonly plan: Plan<"pass">;
  readonly tensors: PredictionTensors;
}

/** A plan of sampling. */
export interface RecordedSampling {
  readonly plan: Plan<SamplingPhase>;
  readonly tensors: SamplingTensors;
}

/** A compiled plan of one batch size. */
export class Inference<Tensors extends PassTensors, Phase extends string> {
  /** How far its steps run ahead; calls share their measurements of the device. */
  readonly pace = new Pace();

  private constructor(
    readonly device: Device,
    readonly batch: number,
    readonly features: InferenceFeatures,
    readonly tensors: Tensors,
    readonly program: Program<Phase>,
  ) {}

  /** Compiles a recorded plan. */
  static async compile<Tensors extends PassTensors, Phase extends string>(
    device: Device,
    batch: number,
    features: InferenceFeatures,
    { plan, tensors }: { readonly plan: Plan<Phase>; readonly tensors: Tensors },
  ): Promise<Inference<Tensors, Phase>> {
    try {
      return new Inference(device, batch, features, tensors, await device.compile(plan));
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

function storagesOf(tensors: PassTensors): Storage[] {
  return Object.values(tensors).flatMap((tensor?: Tensor) => tensor?.storage ?? []);
}

function passTensors(config: RinConfig, batch: number): PassTensors {
  const { numLatents, latentDim, numClasses } = config;
  return {
    x: persistent("x", [batch, ...exampleShape(config)]),
    t: persistent("t", [batch, timeWidth(config)]),
    labels: numClasses > 0 ? persistent("labels", [batch]) : undefined,
    latents: persistent("latents", [batch, numLatents, latentDim]),
    interface: interfaceTensor("interface", config, batch),
    previousMask: persistent("previous mask", [batch]),
  };
}

/** (B, N, Dx), for networks that hand it on. */
function interfaceTensor(name: string, config: RinConfig, batch: number): Tensor | undefined {
  if (!selfConditionsInterface(config)) return undefined;
  return persistent(name, [batch, interfaceTokens(config), config.interfaceDim]);
}

/**
 * Records a pass that begins from given latents (and interface), and leaves its own there.
 *
 * @param tokens from `embedImages` of x
 */
function recordPass(
  plan: Plan<string>,
  config: RinConfig,
  weights: Weights,
  { x, t, labels, latents, interface: before, previousMask: mask }: PassTensors,
  tokens: Tensor,
  decay = 0,
): Tensor {
  const previous = { latents, interface: before, mask };
  const result = rin(plan, config, weights, { xt: x, tokens, t, labels, previous });
  const handOn = (found: Tensor, to: Tensor) => {
    if (decay === 0) return copyTo(plan, found, to);
    const [batch] = to.shape;
    const shares = Float32Array.from({ length: 2 * batch }, (_, i) => i % 2 ? 1 - decay : decay);
    const turn = constant("shares", [batch, 2], shares);
    plan.record("slerp", { batch, each: to.size / batch }, { other: found, turn, y: to });
  };
  handOn(result.latents, latents);
  if (before) handOn(result.interface, before);
  return result.output;
}

/** Records one pass. */
export function recordPrediction(
  config: RinConfig,
  weights: Weights,
  batch: number,
  precision: FloatType = "f32",
): RecordedPrediction {
  const pass = passTensors(config, batch);
  const tensors = { ...pass, output: persistent("output", pass.x.shape) };
  const plan = new Plan("pass");
  plan.activations = precision;
  const tokens = embedImages(plan, config, weights, pass.x);
  copyTo(plan, recordPass(plan, config, weights, pass, tokens), tensors.output);
  return { plan, tensors };
}

/**
 * Records the initial x ("start"), and a sampler's step ("step"): a pass, guidance, thresholds, the
 * step's noise, the step itself, and the picture and the frames given put back.
 */
export function recordSampling(
  config: RinConfig,
  weights: Weights,
  batch: number,
  features: InferenceFeatures = SAMPLE,
  precision: FloatType = "f32",
): RecordedSampling {
  const tensors = samplingTensors(config, batch, features);
  const { x, context, scalars, denoised, thresholds } = tensors;
  const images = { batch, each: x.size / batch };
  const plan = new Plan<SamplingPhase>("start", "step");
  plan.activations = precision;
  recordNoise(plan, tensors, tensors.first ?? x);
  if (features.begin !== "noise") recordPicture(plan, tensors);
  if (context) recordContext(plan, config, context, x);
  plan.phase("step", () => {
    const { guided, decay } = features;
    const tokens = embedImages(plan, config, weights, x);
    const own = recordPass(plan, config, weights, tensors, tokens, decay);
    const prediction = guided
      ? recordGuidance(plan, config, weights, tensors, { tokens, own, decay })
      : own;
    if (features.threshold) {
      const [now, found] = [x, prediction].map((all) => drawnFrames(plan, config, all));
      const sizes = { batch, each: now.size / batch };
      plan.record("thresholds", sizes, { x: now, prediction: found, scalars, thresholds });
    }
    const fresh = temporary(...x.shape);
    recordNoise(plan, tensors, fresh);
    plan.record("samplerStep", images, { x, prediction, fresh, denoised, thresholds, scalars });
    if (features.begin === "mask") recordPicture(plan, tensors);
    if (context) recordContext(plan, config, context, x);
  });
  return { plan, tensors };
}

function samplingTensors(
  config: RinConfig,
  batch: number,
  { guided, begin, interpolate }: InferenceFeatures,
): SamplingTensors {
  const pass = passTensors(config, batch);
  const { shape } = pass.x;
  return {
    ...pass,
    ...guided && {
      guidance: persistent("guidance", [4]),
      freeLatents: persistent("free latents", pass.latents.shape),
      freeInterface: interfaceTensor("free interface", config, batch),
    },
    keys: persistent("keys", [batch, 2]),
    ...interpolate && {
      otherKeys: persistent("other keys", [batch, 2]),
      slerp: persistent("slerp", [batch, 2]),
    },
    ...begin !== "noise" && {
      first: persistent("first noise", shape),
      image: persistent("image", shape.slice(1)),
      keepMask: persistent("keep mask", shape.slice(2)),
      level: persistent("level", [4]),
    },
    ...config.contextFrames > 0 && { context: persistent("context", shape) },
    scalars: persistent("scalars", [8]),
    denoised: persistent("denoised", shape),
    thresholds: persistent("thresholds", [batch]),
  };
}

/** The noise of the batch's streams, or, with interpolation, of a point between it and another. */
function recordNoise(
  plan: Plan<SamplingPhase>,
  { keys, otherKeys, slerp }: SamplingTensors,
  y: Tensor,
): void {
  const [batch] = y.shape;
  const images = { batch, each: y.size / batch };
  plan.record("normals", images, { keys, y });
  if (!otherKeys || !slerp) return;
  const other = temporary(...y.shape);
  plan.record("normals", images, { keys: otherKeys, y: other });
  plan.record("slerp", images, { other, turn: slerp, y });
}

/** The picture, noised, in its place. */
function recordPicture(
  plan: Plan<SamplingPhase>,
  { x, first, image, keepMask, level }: SamplingTensors,
): void {
  const sizes = { batch: x.shape[0], channels: x.shape[1], plane: keepMask!.size };
  const operands = { image: image!, noise: first!, keepMask: keepMask!, level: level!, x };
  plan.record("placeImage", sizes, operands);
}

/** The prediction of an unconditional pass, and its combination by guidance. */
function recordGuidance(
  plan: Plan<SamplingPhase>,
  config: RinConfig,
  weights: Weights,
  { x, t, previousMask, guidance, freeLatents, freeInterface }: SamplingTensors,
  { tokens, own, decay }: { tokens: Tensor; own: Tensor; decay: number },
): Tensor {
  const [batch] = x.shape;
  const none = new Uint32Array(batch).fill(config.numClasses);
  const free = recordPass(
    plan,
    config,
    weights,
    {
      x,
      t,
      labels: constant("no class", [batch], new Float32Array(none.buffer)),
      latents: freeLatents!,
      interface: freeInterface,
      previousMask,
    },
    tokens,
    decay,
  );
  const y = temporary(...own.shape);
  plan.record("guide", { size: x.size }, { guided: own, free, scale: guidance!, y });
  return y;
}

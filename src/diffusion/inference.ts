/**
 * The plan that prediction and sampling replay, for one batch size.
 *
 * @module
 */
import { normals } from "../../kernels/random.ts";
import {
  guide,
  placeImage,
  samplerStep,
  turnNoise,
  x0Thresholds,
} from "../../kernels/diffusion.ts";
import type { Gpu } from "../gpu/device.ts";
import {
  type AdapterKind,
  constant,
  persistent,
  Plan,
  type Storage,
  type Tensor,
} from "../gpu/plan.ts";
import { Program } from "../gpu/program.ts";
import type { RinConfig } from "../model/config.ts";
import { exampleShape, interfaceTokens } from "../model/example.ts";
import { handsOnInterface, rin } from "../model/rin.ts";
import { timeWidth } from "../model/time.ts";
import type { Weights } from "../model/weights.ts";
import { keep } from "../nn/tokens.ts";

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
  readonly kept: Tensor;
  readonly level: Tensor;
  /** The sampler's scalars (8). */
  readonly scalars: Tensor;
  /** The latest estimate of x0 (B, 3, S, S). */
  readonly clean: Tensor;
  /** (B): what the estimate is clipped to and divided by, 1 without dynamic thresholding. */
  readonly thresholds: Tensor;
}

/** A compiled plan of one batch size. */
export class Inference {
  private constructor(
    readonly gpu: Gpu,
    readonly batch: number,
    readonly guided: boolean,
    readonly tensors: InferenceTensors,
    readonly program: Program,
  ) {}

  /** Records and compiles. */
  static async create(
    gpu: Gpu,
    config: RinConfig,
    weights: Weights,
    batch: number,
    guided: boolean,
  ): Promise<Inference> {
    const { plan, tensors } = recordInference(gpu.kind, config, weights, batch, guided);
    try {
      return new Inference(gpu, batch, guided, tensors, await Program.compile(gpu, plan));
    } catch (error) {
      gpu.release(...storagesOf(tensors));
      throw error;
    }
  }

  /** Frees its memory. */
  destroy(): void {
    this.program.destroy();
    this.gpu.release(...storagesOf(this.tensors));
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
  adapter: AdapterKind,
  config: RinConfig,
  weights: Weights,
  batch: number,
  guided = false,
): { plan: Plan; tensors: InferenceTensors } {
  const { numLatents, latentDim, interfaceDim, numClasses } = config;
  const carried = [batch, interfaceTokens(config), interfaceDim];
  const image = [batch, ...exampleShape(config)];
  const tensors: InferenceTensors = {
    x: persistent("x", image),
    t: persistent("t", [batch, timeWidth(config)]),
    labels: numClasses > 0 ? persistent("labels", [batch]) : undefined,
    latents: persistent("latents", [batch, numLatents, latentDim]),
    interface: handsOnInterface(config) ? persistent("interface", carried) : undefined,
    warm: persistent("warm", [batch]),
    ...guided && {
      guidance: persistent("guidance", [4]),
      freeLatents: persistent("free latents", [batch, numLatents, latentDim]),
      ...handsOnInterface(config) && { freeInterface: persistent("free interface", carried) },
    },
    output: persistent("output", image),
    keys: persistent("keys", [batch, 2]),
    otherKeys: persistent("other keys", [batch, 2]),
    turn: persistent("turn", [batch, 2]),
    first: persistent("first noise", image),
    image: persistent("image", image.slice(1)),
    kept: persistent("kept", image.slice(2)),
    level: persistent("level", [4]),
    scalars: persistent("scalars", [8]),
    clean: persistent("clean", image),
    thresholds: persistent("thresholds", [batch]),
  };
  const { x, t, labels, latents, warm, output, keys, scalars, clean, thresholds } = tensors;
  const images = { batch, each: x.size / batch };
  const plan = new Plan(adapter);
  const { otherKeys, turn, first } = tensors;
  const noise = (name: string, y: Tensor) => {
    plan.section(name, () => plan.dispatch(normals(images), [keys, y]));
    plan.section(`${name.split(" ")[0]} turn`, () => {
      const other = plan.activation(image);
      plan.dispatch(normals(images), [otherKeys, other]);
      plan.dispatch(turnNoise(images), [other, turn, y]);
    });
  };
  noise("start", first);
  const result = plan.section(
    "network",
    () =>
      rin(plan, config, weights, {
        xt: x,
        t,
        labels,
        previous: { latents, interface: tensors.interface, mask: warm },
      }),
  );
  plan.section("predict", () => keep(plan, result.output, output));
  plan.section("network", () => {
    keep(plan, result.latents, latents);
    if (tensors.interface) keep(plan, result.interface, tensors.interface);
  });
  const prediction = guided
    ? plan.section("network", () => recordGuidance(plan, config, weights, tensors, result.output))
    : result.output;
  plan.section("threshold", () => {
    plan.dispatch(x0Thresholds(images), [x, prediction, scalars, thresholds]);
  });
  const fresh = plan.activation(image);
  noise("sample noise", fresh);
  plan.section("sample", () => {
    plan.dispatch(
      samplerStep(images),
      [x, prediction, fresh, clean, thresholds, scalars],
    );
  });
  plan.section("place", () => {
    plan.dispatch(
      placeImage({ batch, plane: tensors.kept.size }),
      [tensors.image, first, tensors.kept, tensors.level, x],
    );
  });
  return { plan, tensors };
}

/** The prediction of a pass without a class, and what guidance makes of both. */
function recordGuidance(
  plan: Plan,
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
  keep(plan, free.latents, freeLatents!);
  if (freeInterface) keep(plan, free.interface, freeInterface);
  const output = plan.activation(guided.shape);
  plan.dispatch(guide({ size: x.size }), [guided, free.output, guidance!, output]);
  return output;
}

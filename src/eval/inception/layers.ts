/**
 * The layers that Inception is made of, recorded on a plan. Images are channels last.
 *
 * @module
 */
import { outputSize, type Window } from "../../graph/ops.ts";
import type { Plan } from "../../graph/plan.ts";
import { persistent, type Tensor } from "../../graph/tensor.ts";
import type { NamedArray } from "../../model/safetensors.ts";
import { CheckpointError } from "../../model/safetensors.ts";
import { type Convolution, foldedConvolution } from "./weights.ts";

/** Images on the plan: x (batch, height, width, channels). */
export interface Images {
  readonly x: Tensor;
  readonly batch: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/** How a window goes over images; with stride 1 the size stays, unless `valid`. */
export interface Steps {
  readonly stride?: 1 | 2;
  /** Whether only windows that lie inside count. */
  readonly valid?: boolean;
}

/** A weight and the values that the host is to write into it. */
export interface Parameter {
  readonly tensor: Tensor;
  readonly values: Float32Array<ArrayBuffer>;
}

/** Records layers, and collects the parameters that they use. */
export class Layers {
  readonly parameters: Parameter[] = [];

  constructor(readonly plan: Plan<string>, readonly tensors: ReadonlyMap<string, NamedArray>) {}

  /** A convolution with its norm and max(0, .). */
  convolve(name: string, images: Images, steps: Steps = {}): Images {
    return this.join([this.linear(name, images, steps)]);
  }

  /** A convolution with its norm. */
  linear(name: string, images: Images, steps: Steps = {}): Images {
    const folded = foldedConvolution(this.tensors, name);
    if (folded.inputs !== images.channels) {
      throw new CheckpointError(
        `its layer ${name} takes ${folded.inputs} channels, expected ${images.channels}`,
      );
    }
    const window = windowOf(images, folded.kernel, steps);
    const [height, width] = outputSize(window);
    const rows = images.batch * height * width;
    const depth = folded.kernel[0] * folded.kernel[1] * folded.inputs;
    const out = this.plan.activation([rows, folded.outputs]);
    const a = this.#unfolded(images, window, [rows, depth]);
    const b = this.#parameter(name, folded, "weight", [depth, folded.outputs]);
    const bias = this.#parameter(name, folded, "bias", [folded.outputs]);
    const sizes = { layout: "nn", m: rows, n: folded.outputs, k: depth } as const;
    this.plan.record("matmul", sizes, { a, b, bias, out });
    return { x: out, batch: images.batch, height, width, channels: folded.outputs };
  }

  /** The largest or mean value of 3 x 3 pixels. */
  pool(kind: "max" | "mean", images: Images, steps: Steps = {}): Images {
    const window = windowOf(images, [3, 3], steps);
    const [height, width] = outputSize(window);
    const { batch, channels } = images;
    const y = this.plan.activation([batch * height * width, channels]);
    this.plan.record("pool", { window, kind }, { x: images.x, y });
    return { x: y, batch, height, width, channels };
  }

  /**
   * max(0, .) of all branches, side by side; pooled values are not below 0 and stay as they are.
   */
  join(branches: readonly Images[]): Images {
    const [{ batch, height, width }] = branches;
    const rows = batch * height * width;
    const channels = branches.reduce((sum, branch) => sum + branch.channels, 0);
    const y = this.plan.activation([rows, channels]);
    let at = 0;
    for (const { x, channels: columns } of branches) {
      this.plan.record("rectify", { rows, columns, of: channels, at }, { x, y });
      at += columns;
    }
    return { x: y, batch, height, width, channels };
  }

  /** Images as the matrix that a window makes of them; a single pixel's is the images themselves. */
  #unfolded({ x }: Images, window: Window, shape: readonly number[]): Tensor {
    if (window.kernel[0] * window.kernel[1] === 1 && window.stride === 1) return x;
    const y = this.plan.activation(shape);
    this.plan.record("unfold", window, { x, y });
    return y;
  }

  #parameter(
    name: string,
    folded: Convolution,
    part: "weight" | "bias",
    shape: readonly number[],
  ): Tensor {
    const tensor = persistent(`${name}.${part}`, shape);
    this.parameters.push({ tensor, values: folded[part] });
    return tensor;
  }
}

function windowOf(
  { batch, height, width, channels }: Images,
  kernel: readonly [number, number],
  { stride = 1, valid = stride > 1 }: Steps,
): Window {
  const padding = valid ? [0, 0] as const : [(kernel[0] - 1) / 2, (kernel[1] - 1) / 2] as const;
  return { batch, height, width, channels, kernel, stride, padding };
}

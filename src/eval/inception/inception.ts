/**
 * The features that FID is defined by, from weights that the user has.
 *
 * @module
 */
import type { Device } from "../../device/device.ts";
import { Plan } from "../../graph/plan.ts";
import { persistent, type Tensor } from "../../graph/tensor.ts";
import type { Program } from "../../device/device.ts";
import { type PictureConfig, pictureSize } from "../../model/example.ts";
import type { SafeTensors } from "../../model/safetensors.ts";
import { type FeatureSpace, rgbBytes } from "../feature_set.ts";
import { inception } from "./architecture.ts";
import { Layers, type Parameter } from "./layers.ts";
import { resizeBilinear } from "./resize.ts";

/** Numbers in a feature vector. */
export const INCEPTION_SIZE = 2048;

/** Side that the network was trained on. */
const SIDE = 299;

/** Images at a time: a layer's unfolded images take 25 MB each. */
const BATCH = 4;

/** A recorded network. */
export interface RecordedInception {
  readonly plan: Plan<string>;
  /** (batch, side, side, 3). */
  readonly input: Tensor;
  /** (batch, 2048): sums over the last block's pixels. */
  readonly sums: Tensor;
  /** Pixels of the last block. */
  readonly pixels: number;
  readonly parameters: readonly Parameter[];
}

/**
 * Records the network for images of one size.
 *
 * @param side 75 or more
 * @throws {CheckpointError} when a weight is missing or has another shape
 */
export function recordInception(
  tensors: SafeTensors["tensors"],
  batch: number,
  side: number,
): RecordedInception {
  const plan = new Plan();
  const layers = new Layers(plan, tensors);
  const input = persistent("pictures", [batch, side, side, 3]);
  const last = inception(layers, { x: input, batch, height: side, width: side, channels: 3 });
  const sums = persistent("features", [batch, last.channels]);
  const pixels = last.height * last.width;
  const axes = { outer: batch, middle: pixels, inner: last.channels };
  plan.record("sumMiddle", axes, { x: last.x, y: sums });
  return { plan, input, sums, pixels, parameters: layers.parameters };
}

/** Inception on a device. */
export class Inception implements FeatureSpace {
  readonly name = "inception-2015-12-05";
  readonly dimension = INCEPTION_SIZE;

  private constructor(
    readonly device: Device,
    private readonly recorded: RecordedInception,
    private readonly program: Program,
  ) {}

  /**
   * Puts the network on the device.
   *
   * @param tensors the state_dict of pytorch-fid's `pt_inception-2015-12-05`
   * @throws {CheckpointError} when a weight is missing or has another shape
   */
  static async create(device: Device, tensors: SafeTensors["tensors"]): Promise<Inception> {
    const recorded = recordInception(tensors, BATCH, SIDE);
    try {
      for (const { tensor, values } of recorded.parameters) device.write(tensor, values);
      return new Inception(device, recorded, await device.compile(recorded.plan));
    } catch (error) {
      release(device, recorded);
      throw error;
    }
  }

  /** Images are rounded to bytes first, as if they had been saved. */
  async features(images: Float32Array, picture: PictureConfig): Promise<Float32Array[]> {
    const { imageSize } = picture;
    const each = pictureSize({ imageSize, channels: 3 });
    const rounded = Float32Array.from(rgbBytes(images, picture), (byte) => byte / 127.5 - 1);
    const { input, sums, pixels } = this.recorded;
    const found: Float32Array[] = [];
    for (let first = 0; first < rounded.length; first += BATCH * each) {
      const some = rounded.subarray(first, first + BATCH * each);
      this.device.write(input, resizeBilinear(some, imageSize, SIDE));
      this.program.run();
      const totals = await this.device.read(sums);
      for (let i = 0; i < some.length / each; i++) {
        const vector = totals.slice(i * INCEPTION_SIZE, (i + 1) * INCEPTION_SIZE);
        found.push(vector.map((value) => value / pixels));
      }
    }
    return found;
  }

  /** Frees its memory on the device. */
  destroy(): void {
    this.program.destroy();
    release(this.device, this.recorded);
  }
}

function release(device: Device, { input, sums, parameters }: RecordedInception): void {
  const tensors = [input, sums, ...parameters.map(({ tensor }) => tensor)];
  device.release(...tensors.map(({ storage }) => storage!));
}

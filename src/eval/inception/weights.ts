/**
 * The weights of the Inception network that FID is defined by, made ready for matrix products.
 *
 * @module
 */
import { CheckpointError, type NamedArray } from "../../model/safetensors.ts";

/** The epsilon of its batch norms. */
const EPSILON = 1e-3;

/** A convolution with its batch norm. */
export interface Convolution {
  /** Height and width. */
  readonly kernel: readonly [number, number];
  readonly inputs: number;
  readonly outputs: number;
  /** (kernel height * kernel width * inputs, outputs). */
  readonly weight: Float32Array<ArrayBuffer>;
  /** (outputs). */
  readonly bias: Float32Array<ArrayBuffer>;
}

/**
 * Folds a batch norm into its convolution: both are linear once trained.
 *
 * @param tensors a state_dict of pytorch-fid's InceptionV3 (`pt_inception-2015-12-05`)
 * @param name of the layer, such as `Mixed_5b.branch1x1`
 * @throws {CheckpointError} when a tensor is missing or has another shape
 */
export function foldedConvolution(
  tensors: ReadonlyMap<string, NamedArray>,
  name: string,
): Convolution {
  const get = (part: string, dimensions: number) => {
    const tensor = tensors.get(`${name}.${part}`);
    if (tensor === undefined) throw new CheckpointError(`it lacks the tensor ${name}.${part}`);
    if (tensor.shape.length === dimensions) return tensor;
    throw new CheckpointError(
      `its tensor ${name}.${part} has shape (${
        tensor.shape.join(", ")
      }), expected ${dimensions} axes`,
    );
  };
  const { shape: [outputs, inputs, tall, wide], data } = get("conv.weight", 4);
  const norm = ["bn.weight", "bn.bias", "bn.running_mean", "bn.running_var"].map((part) => {
    const { data } = get(part, 1);
    if (data.length === outputs) return data;
    throw new CheckpointError(
      `its tensor ${name}.${part} has ${data.length} numbers, expected ${outputs}`,
    );
  });
  const [scale, shift, mean, variance] = norm;
  const factors = Float64Array.from(scale, (value, o) => value / Math.sqrt(variance[o] + EPSILON));
  const taps = tall * wide;
  const weight = new Float32Array(taps * inputs * outputs);
  for (let o = 0; o < outputs; o++) {
    for (let c = 0; c < inputs; c++) {
      for (let tap = 0; tap < taps; tap++) {
        weight[(tap * inputs + c) * outputs + o] = data[(o * inputs + c) * taps + tap] * factors[o];
      }
    }
  }
  const bias = Float32Array.from(shift, (value, o) => value - mean[o] * factors[o]);
  return { kernel: [tall, wide], inputs, outputs, weight, bias };
}

/**
 * The parameters of a network as tensors in one slab, found by name.
 *
 * @module
 */
import { bytesOfOne, type Storage, type Tensor, view } from "../graph/tensor.ts";
import type { LinearParameters } from "../nn/linear.ts";
import type { ParameterLayout, PlacedParameter } from "./parameters.ts";

/** A slab of `layout.size` numbers, of the layout's type if none is given. */
export function slab(name: string, layout: ParameterLayout, type = layout.type): Storage {
  return { name, bytes: layout.size * bytesOfOne(type), type };
}

/** The parameters of a slab that is laid out as `from`, in one that is laid out as `to`. */
export function laidOut(
  slab: Float32Array<ArrayBuffer>,
  from: ParameterLayout,
  to: ParameterLayout,
): Float32Array<ArrayBuffer> {
  if (from.type === to.type) return slab;
  const values = new Float32Array(to.size);
  from.parameters.forEach(({ offset, size }, i) =>
    values.set(slab.subarray(offset, offset + size), to.parameters[i].offset)
  );
  return values;
}

/** All of a slab, as one tensor. */
export function whole(storage: Storage): Tensor {
  const size = storage.bytes / bytesOfOne(storage.type);
  return { shape: [size], size, storage, offset: 0, tracked: false };
}

/** Named windows onto a slab of parameters and, where there is one, the slab of their gradients. */
export class Weights {
  #byName: Map<string, PlacedParameter>;

  constructor(
    readonly layout: ParameterLayout,
    readonly values: Storage,
    readonly gradients?: Storage,
  ) {
    this.#byName = new Map(layout.parameters.map((parameter) => [parameter.name, parameter]));
  }

  /** The parameter of that name; with `shape`, as many elements from its beginning on. */
  get(name: string, shape?: readonly number[]): Tensor {
    const parameter = this.#byName.get(name);
    if (parameter === undefined) throw new RangeError(`There is no parameter "${name}"`);
    const tensor = (storage: Storage): Tensor => ({
      shape: parameter.shape,
      size: parameter.size,
      storage,
      offset: parameter.offset,
      tracked: false,
    });
    const value: Tensor = this.gradients
      ? { ...tensor(this.values), tracked: true, gradient: tensor(this.gradients) }
      : tensor(this.values);
    return shape ? view(value, 0, shape) : value;
  }

  /** Whether the network has a parameter of that name. */
  has(name: string): boolean {
    return this.#byName.has(name);
  }

  /** `name.weight` and `name.bias` of a linear layer. */
  linear(name: string): LinearParameters {
    return { weight: this.get(`${name}.weight`), bias: this.get(`${name}.bias`) };
  }

  /** `name.weight` and `name.bias` of a LayerNorm, side by side: (2, d). */
  norm(name: string): Tensor {
    const weight = this.get(`${name}.weight`);
    return view(weight, 0, [2, weight.size]);
  }
}

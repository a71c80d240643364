/**
 * Arrays on a device, as plain data.
 *
 * @module
 */
import type { FloatType } from "../../kernels/shapes.ts";

/** A region of memory that outlives a plan's replay: a slab of parameters, an input, a result. */
export interface Storage {
  readonly name: string;
  /** Bytes. */
  readonly bytes: number;
  /** Type of its numbers: f32 (or u32), unless it is a slab of parameters in f16. */
  readonly type?: FloatType;
  /** How its fixed contents begin, where they are known: see {@linkcode constant}. */
  readonly contents?: Float32Array<ArrayBuffer>;
}

/** An array on the device, dense and row-major. */
export interface Tensor {
  readonly shape: readonly number[];
  /** Number of elements. */
  readonly size: number;
  /** Its memory; `undefined` for an activation, which the device places in its pool. */
  readonly storage?: Storage;
  /** Type of an activation's numbers, default f32; all others are of the type of their storage. */
  readonly type?: FloatType;
  /** First element within `storage`. */
  readonly offset: number;
  /** Whether the backward pass gives this tensor a gradient. */
  readonly tracked: boolean;
  /** For a parameter: where its gradient is written. */
  readonly gradient?: Tensor;
}

const elements = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);

/** Bytes of a number. */
export function bytesOfOne(type: FloatType = "f32"): 2 | 4 {
  return type === "f16" ? 2 : 4;
}

/** Type of a tensor's numbers. */
export function typeOf({ storage, type = "f32" }: Tensor): FloatType {
  return storage ? storage.type ?? "f32" : type;
}

/** Bytes of a tensor's numbers. */
export function bytesOf(tensor: Tensor): number {
  return tensor.size * bytesOfOne(typeOf(tensor));
}

/** Makes a tensor in memory of its own that the host can write and read. */
export function persistent(name: string, shape: readonly number[]): Tensor {
  const size = elements(shape);
  return { shape, size, storage: { name, bytes: size * 4 }, offset: 0, tracked: false };
}

/**
 * A tensor that holds `values`, then zeros, and is never written; it lives as long as the plan's
 * program.
 */
export function constant(
  name: string,
  shape: readonly number[],
  values: Float32Array<ArrayBuffer>,
): Tensor {
  const { size, storage, ...rest } = persistent(name, shape);
  if (values.length > size) {
    throw new RangeError(`Cannot make ${name} (${shape}) of ${values.length} numbers`);
  }
  return { ...rest, size, storage: { ...storage!, contents: values } };
}

/** A tensor in the pool, f32, without gradient: an intermediate result. */
export function temporary(...shape: number[]): Tensor {
  return { shape, size: elements(shape), offset: 0, tracked: false };
}

/** A window onto a tensor: `shape` starting at element `start`; a parameter's gradient goes along. */
export function view(tensor: Tensor, start: number, shape: readonly number[]): Tensor {
  const size = elements(shape);
  if (tensor.storage === undefined) throw new RangeError("Cannot view an activation: it is pooled");
  const { gradient } = tensor;
  return {
    ...tensor,
    shape,
    size,
    offset: tensor.offset + start,
    gradient: gradient && view(gradient, start, shape),
  };
}

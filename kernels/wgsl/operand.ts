/**
 * How a kernel reads and writes numbers that are f32, or f16 in half the memory: these are widened
 * as they are read, which is exact, and rounded as they are written. So all arithmetic is in f32.
 *
 * @module
 */
import type { FloatType } from "../shapes.ts";
import { type Binding, laneType, read, write } from "./kernel.ts";

/** Types of a kernel's buffers, by name. Default f32. */
export type OperandTypes<Name extends string> = { readonly [name in Name]?: FloatType };

/** A buffer that a kernel reads. */
export interface Input {
  /** To be bound. */
  readonly binding: Binding;
  /** WGSL: the value at an index, as one lane of f32. */
  readonly at: (index: string) => string;
}

/** A buffer that a kernel writes, and can read. */
export interface Output extends Input {
  /** WGSL: puts a lane of f32 at an index. */
  readonly put: (index: string, value: string) => string;
}

const stored = (width: 1 | 4, type: FloatType) => laneType(width).replace("f32", type);

/** The buffer `name`, read `width` numbers at a time. */
export function input(name: string, width: 1 | 4, type: FloatType = "f32"): Input {
  const at = (index: string) => `${name}[${index}]`;
  return {
    binding: read(name, `array<${stored(width, type)}>`),
    at: type === "f32" ? at : (index) => `${laneType(width)}(${at(index)})`,
  };
}

/** The buffer `name`, written `width` numbers at a time. */
export function output(name: string, width: 1 | 4, type: FloatType = "f32"): Output {
  const { binding, at } = input(name, width, type);
  return {
    binding: write(name, binding.type),
    at,
    put: (index, value) =>
      `${name}[${index}] = ${type === "f32" ? value : `${stored(width, type)}(${value})`};`,
  };
}

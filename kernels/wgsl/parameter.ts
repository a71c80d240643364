/**
 * How a kernel reads a network's parameters: as f32, or as f16 that are widened as they are read. A
 * widened f16 is exact, so all arithmetic is in f32 whichever they are.
 *
 * @module
 */
import type { FloatType } from "../shapes.ts";
import { type Binding, laneType, read } from "./kernel.ts";

/** A buffer of parameters. */
export interface Parameter {
  /** To be bound. */
  readonly binding: Binding;
  /** WGSL: the value at an index, as one lane of f32. */
  readonly at: (index: string) => string;
}

/** The buffer `name` of parameters that are read `width` at a time. */
export function parameter(name: string, width: 1 | 4, type: FloatType = "f32"): Parameter {
  const lane = laneType(width);
  if (type === "f32") {
    return { binding: read(name, `array<${lane}>`), at: (index) => `${name}[${index}]` };
  }
  return {
    binding: read(name, `array<${lane.replace("f32", "f16")}>`),
    at: (index) => `${lane}(${name}[${index}])`,
  };
}

// An operation on given numbers, and what every device must make of them.

import type { OpName, SizesOf } from "../../src/graph/ops.ts";

/** A tensor before the operation runs. */
export interface Operand {
  readonly shape: readonly number[];
  /** Exact in float32, or u32. Left out: NaN, where the operation is to write. */
  readonly values?: ArrayLike<number>;
  /** Default f32. */
  readonly type?: "f32" | "f16" | "u32";
  /** Its first element within a slab whose other elements are NaN, and must stay so. */
  readonly at?: number;
}

/** A tensor after the operation ran. */
export interface Expected {
  /** From the float64 reference. NaN: NaN, for example what was there before. */
  readonly values: ArrayLike<number>;
  /**
   * How far off a value can be: relative to the largest expected one, or absolutely, value by value.
   * 0: not at all, once the expected values are rounded to float32.
   */
  readonly tolerance: number | ArrayLike<number>;
  /** What of the tensor `values` are. Default: all of it. */
  readonly of?: (found: Float32Array) => ArrayLike<number>;
}

/** One operation, run once. */
export interface OpCase<N extends OpName = OpName> {
  readonly name: N;
  /** Says what is special about this case. */
  readonly title: string;
  readonly sizes: SizesOf<N>;
  /** By role; the name of another role: the same tensor. */
  readonly operands: { readonly [role: string]: Operand | string };
  /** By role. */
  readonly expected: { readonly [role: string]: Expected };
}

/** An operand that holds `values`. */
export function of(values: ArrayLike<number>, ...shape: number[]): Operand {
  return { shape: shape.length > 0 ? shape : [values.length], values };
}

/** An operand that holds u32. */
export function words(values: ArrayLike<number>, ...shape: number[]): Operand {
  return { ...of(values, ...shape), type: "u32" };
}

/** An operand that the operation writes whole. */
export function unwritten(...shape: number[]): Operand {
  return { shape };
}

/** Fails with the first value of `found` that is further off than it can be. */
export function compare(title: string, found: Float32Array, expected: Expected): void {
  const { values, tolerance, of = (all) => all } = expected;
  const part = of(found);
  if (part.length !== values.length) {
    throw new Error(`${title}: ${part.length} values instead of ${values.length}`);
  }
  let largest = 0;
  for (let i = 0; i < values.length; i++) {
    if (!Number.isNaN(values[i])) largest = Math.max(largest, Math.abs(values[i]));
  }
  if (largest === 0 && typeof tolerance === "number" && tolerance > 0) {
    throw new Error(`${title}: all expected values are zero, which tests nothing`);
  }
  for (let i = 0; i < values.length; i++) {
    const limit = typeof tolerance === "number" ? tolerance * largest : tolerance[i];
    const wanted = limit === 0 ? Math.fround(values[i]) : values[i];
    if (Number.isNaN(wanted) ? Number.isNaN(part[i]) : part[i] === wanted) continue;
    const error = Math.abs(part[i] - wanted);
    if (!(error <= limit)) {
      throw new Error(
        `${title}[${i}] is ${part[i]}, expected ${wanted}: off by ${error}, more than ${limit}`,
      );
    }
  }
}

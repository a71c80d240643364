/**
 * What the families of matrix kernels share.
 *
 * @module
 */
import type { Workgroups } from "./kernel.ts";

/**
 * Which operand is stored transposed. `out` is always (m, n), summed over k:
 * `nt` a (m, k), b (n, k): a linear layer's forward; `nn` a (m, k), b (k, n): the gradient of its
 * input; `tn` a (k, m), b (k, n): the gradient of its weight.
 */
export type Layout = "nt" | "nn" | "tn";

/** What of the epilogue concerns the entry point itself. */
export interface BodyOptions {
  readonly layout: Layout;
  /** Floats loaded at once. */
  readonly width: 1 | 4;
  /** Floats stored at once, the width of the epilogue's type `T`. */
  readonly storeWidth: 1 | 4;
  readonly bias: boolean;
  readonly columnSums: boolean;
}

/** A family's entry point, and the workgroups that it wants for a result (m, n). */
export interface MatmulBody {
  readonly code: string;
  readonly workgroups: (m: number, n: number) => Workgroups;
}

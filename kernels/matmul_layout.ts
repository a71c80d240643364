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

/** A family's entry point for one layout, and the workgroups it wants. */
export interface MatmulBody {
  readonly code: (columnSums: boolean) => string;
  readonly workgroups: (m: number, n: number) => Workgroups;
}

/**
 * Sizes and constants that the kernels of all devices share.
 *
 * @module
 */

/** What numbers lie in a storage; f16 takes half the memory and a device that supports it. */
export type FloatType = "f32" | "f16";

/** What follows a linear layer. */
export type Activation = "gelu" | "silu";

/**
 * Which operand of a matrix product is stored transposed. `out` is always (m, n), summed over k:
 * `nt` a (m, k), b (n, k): a linear layer's forward; `nn` a (m, k), b (k, n): the gradient of its
 * input; `tn` a (k, m), b (k, n): the gradient of its weight.
 */
export type Layout = "nt" | "nn" | "tn";

/** Sizes of an attention, in elements. q, k and v are columns of wider matrices. */
export interface AttentionSizes {
  /** Examples, each on its own. */
  readonly batch: number;
  /** Heads of an example. */
  readonly heads: number;
  /** Width of one head. */
  readonly d: number;
  /** Tokens that ask. */
  readonly queries: number;
  /** Tokens that are asked. */
  readonly keys: number;
  /** Columns of the matrix that holds q. */
  readonly qStride: number;
  /** The column at which q begins. */
  readonly qStart: number;
  /** The columns of the one matrix that holds k and v. */
  readonly kvStride: number;
  /** The column at which k begins. */
  readonly kStart: number;
  /** The column at which v begins. */
  readonly vStart: number;
}

/** An axis of an image or clip, and the side of a patch along it, which divides its length. */
export interface PatchedAxis {
  readonly length: number;
  readonly patch: number;
}

/** A window that slides over images (batch, height, width, channels). */
export interface Window {
  readonly batch: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  /** Height and width of the window. */
  readonly kernel: readonly [number, number];
  readonly stride: number;
  /** Above and below, left and right: zeros, or in pooling nothing. */
  readonly padding: readonly [number, number];
}

/** Height and width of a window's output. */
export function outputSize({ height, width, kernel, stride, padding }: Window): [number, number] {
  const along = (size: number, axis: 0 | 1) =>
    Math.floor((size + 2 * padding[axis] - kernel[axis]) / stride) + 1;
  return [along(height, 0), along(width, 1)];
}

/** Steps whose metrics stay on the device until the host has read them. */
export const HISTORY = 512;

/** Partial sums that `squaredError` leaves. */
export const PARTIALS = 1024;

/** Elements of a chunk of LAMB's table at most. */
export const LAMB_CHUNK = 4096;

/** The per-step scalars of the optimizers, in the order of their tensor (12, of which 10 count). */
export const OPTIMIZER_SCALARS = [
  "lr",
  "beta1",
  "beta2",
  "epsilon",
  "weightDecay",
  "correction1",
  "correction2",
  "emaDecay",
  "clip",
  "slot",
] as const;

/** The per-step scalars of `samplerStep` and `thresholds`, in the order of their tensor (8). */
export const SAMPLER_SCALARS = [
  "x0FromX",
  "x0FromPrediction",
  "x0Limit",
  "thresholdRank",
  "nextFromX",
  "nextFromX0",
  "nextFromPrevious",
  "sigma",
] as const;

/**
 * How long a dispatch takes at least, by a roofline: what a GPU multiplies and adds at its peak, or
 * what its memory delivers, whichever takes longer.
 *
 * @module
 */
import { densityOf, type Figures } from "./figures.ts";

/** A GPU by its data sheet. */
export interface GpuPeak {
  readonly tflops: number;
  /** GB/s. */
  readonly bandwidth: number;
}

/**
 * Reads `--gpu`, such as "61,960".
 *
 * @throws {Error} when it is something else
 */
export function peakOf(text: string): GpuPeak {
  const [tflops, bandwidth, ...more] = text.split(",").map(Number);
  if (!(tflops > 0 && bandwidth > 0) || more.length > 0) {
    throw new Error(`--gpu needs TFLOP/s and GB/s, such as 61,960; got ${text}`);
  }
  return { tflops, bandwidth };
}

/** Hz, of a current GPU. */
const CLOCK = 2.5e9;

/** What of a dispatch counts. */
export interface Load {
  readonly invocations: number;
  readonly flops: number;
  readonly bytes: number;
}

/**
 * Milliseconds of one dispatch. The peak of arithmetic is that of a loop of nothing but multiply-adds,
 * so the hottest loop's other instructions lower it. What isn't spread over all lanes (as many as the
 * peak takes at 2.5 GHz) leaves the rest idle. Every bound array is read or written once.
 */
export function milliseconds({ invocations, flops, bytes }: Load, figures: Figures, gpu: GpuPeak) {
  const lanes = gpu.tflops * 1e12 / (2 * CLOCK);
  const density = Math.min(1, densityOf(figures) || 1);
  const seconds = Math.max(
    flops / (gpu.tflops * 1e12 * density),
    bytes / (gpu.bandwidth * 1e9),
  );
  return 1000 * seconds / Math.min(1, invocations / lanes);
}

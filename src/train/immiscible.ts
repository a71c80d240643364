/**
 * Immiscible diffusion (Li et al. 2024, arXiv 2406.12303): within a batch each image gets noise
 * near it.
 *
 * @module
 */
import { RandomStream } from "../nn/random.ts";
import { assign } from "./assignment.ts";

/**
 * The stream of noise of each image, so that the distances between images and noises add up to the
 * least. It is found on the host, in float64, from the numbers that the kernel `normals` will make:
 * B^2 D multiplications for B images of D numbers.
 *
 * @param images (B, D)
 * @param streams one for each image
 * @param counts whether the number at a place of an image counts; all by default
 */
export function nearestNoise(
  images: Float32Array<ArrayBuffer>,
  streams: readonly RandomStream[],
  counts: (place: number) => boolean = () => true,
): RandomStream[] {
  const n = streams.length;
  const each = images.length / n;
  const noises = streams.map((stream) =>
    Float32Array.from({ length: each }, (_, i) => stream.normal(i)).filter((_, i) => counts(i))
  );
  const costs = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    const image = images.subarray(i * each, (i + 1) * each).filter((_, at) => counts(at));
    noises.forEach((noise, j) => costs[i * n + j] = distance(image, noise));
  }
  // Costs that are not finite allow no assignment; the step will report them.
  if (!costs.every(Number.isFinite)) return [...streams];
  return assign(costs, n).map((j) => streams[j]);
}

function distance(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] - b[i]) ** 2;
  return Math.sqrt(sum);
}

/**
 * Statistics of features as pytorch-fid keeps them: `mu` and `sigma` in a .npz file.
 *
 * @module
 */
import { NpzError, readNpz, writeNpz } from "./npz.ts";
import type { Gaussian } from "./statistics.ts";

/**
 * Reads statistics.
 *
 * @param dimension the features' number that they must have
 * @throws {NpzError} when the file holds none, or of another number of features
 */
export function readStatistics(bytes: Uint8Array<ArrayBuffer>, dimension: number): Gaussian {
  const { mu, sigma } = readNpz(bytes, ["mu", "sigma"]);
  if (mu.shape.join() !== `${dimension}` || sigma.shape.join() !== `${dimension},${dimension}`) {
    throw new NpzError(
      `its mu has shape (${mu.shape.join(", ")}) and its sigma (${sigma.shape.join(", ")}): ` +
        `expected (${dimension}) and (${dimension}, ${dimension})`,
    );
  }
  if (![mu, sigma].every(({ data }) => data.every(Number.isFinite))) {
    throw new NpzError("its mu or sigma holds numbers that are not finite");
  }
  return { mean: mu.data, covariance: sigma.data };
}

/** Writes statistics; pytorch-fid reads them. */
export function writeStatistics({ mean, covariance }: Gaussian): Uint8Array<ArrayBuffer> {
  const n = mean.length;
  return writeNpz({
    mu: { shape: [n], data: mean },
    sigma: { shape: [n, n], data: covariance },
  });
}

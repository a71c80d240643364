/**
 * Mean and covariance of feature vectors, summed up as they come.
 *
 * @module
 */

/** A Gaussian fitted to features, for Frechet distances. */
export interface Gaussian {
  /** (d). */
  readonly mean: Float64Array;
  /** (d, d), row-major, symmetric. */
  readonly covariance: Float64Array;
}

/** Rows that are held back, so that the sums over the matrix are gone through once for all of them. */
const BLOCK = 64;

/** Sums of features; memory does not grow with their number. */
export class FeatureStatistics {
  #count = 0;
  /** The first vector, taken away from all: sums of squares then lose few digits. */
  #origin: Float64Array | undefined;
  #sum: Float64Array;
  /** The lower triangle of the sums of products. */
  #products: Float64Array;
  #block: Float64Array[] = [];

  /** @param dimension d, numbers in a feature vector */
  constructor(readonly dimension: number) {
    this.#sum = new Float64Array(dimension);
    this.#products = new Float64Array(dimension * dimension);
  }

  /** How many vectors were added. */
  get count(): number {
    return this.#count;
  }

  /** Adds a vector (d). */
  add(features: ArrayLike<number>): void {
    if (features.length !== this.dimension) {
      throw new RangeError(`A feature has ${features.length} numbers: expected ${this.dimension}`);
    }
    const origin = this.#origin ??= Float64Array.from(features);
    this.#block.push(Float64Array.from(origin, (value, i) => features[i] - value));
    this.#count++;
    if (this.#block.length === BLOCK) this.#flush();
  }

  #flush(): void {
    const d = this.dimension;
    for (let i = 0; i < d; i++) {
      const row = this.#products.subarray(i * d, i * d + i + 1);
      for (const x of this.#block) {
        const value = x[i];
        this.#sum[i] += value;
        if (value !== 0) { for (let j = 0; j <= i; j++) row[j] += value * x[j]; }
      }
    }
    this.#block = [];
  }

  /**
   * The mean and the unbiased covariance (divided by count - 1).
   *
   * @throws {RangeError} when fewer than two vectors were added
   */
  gaussian(): Gaussian {
    if (this.#count < 2) {
      throw new RangeError(`A covariance needs two or more images, got ${this.#count}`);
    }
    this.#flush();
    const [d, count, sum] = [this.dimension, this.#count, this.#sum];
    const mean = Float64Array.from(this.#origin!, (value, i) => value + sum[i] / count);
    const covariance = new Float64Array(d * d);
    for (let i = 0; i < d; i++) {
      for (let j = 0; j <= i; j++) {
        const value = (this.#products[i * d + j] - sum[i] * sum[j] / count) / (count - 1);
        covariance[i * d + j] = covariance[j * d + i] = value;
      }
    }
    return { mean, covariance };
  }
}

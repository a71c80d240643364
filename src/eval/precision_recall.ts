/**
 * Improved precision and recall (Kynkaanniemi et al. 2019, arXiv 1904.06991): the share of the
 * samples that lies where the data lie, and the share of the data that lies where the samples lie.
 *
 * @module
 */

/** Neighbours for the radius of a point's ball; the paper's number. */
const NEIGHBOURS = 3;

/** Points of a block: two blocks stay in a processor's cache. */
const BLOCK = 64;

/** Shares, both in [0, 1]. */
export interface PrecisionRecall {
  /** Samples inside the ball of some picture of the data: how good they are. */
  readonly precision: number;
  /** Pictures of the data inside the ball of some sample: how much of the data they cover. */
  readonly recall: number;
}

/**
 * A point's ball reaches to its third nearest neighbor in its own set. Distances are exact; the
 * time grows with the square of the number of points.
 *
 * @param data feature vectors, all of one length
 * @param samples feature vectors of that length
 * @throws {RangeError} when either has fewer than four points
 */
export function precisionRecall(
  data: readonly Float32Array[],
  samples: readonly Float32Array[],
): PrecisionRecall {
  const dataReach = reach(data);
  const samplesReach = reach(samples);
  const precise = new Uint8Array(samples.length);
  const recalled = new Uint8Array(data.length);
  forEachPair(samples, data, (i, j, squared) => {
    if (squared <= dataReach[j]) precise[i] = 1;
    if (squared <= samplesReach[i]) recalled[j] = 1;
  });
  const share = (marks: Uint8Array) => marks.reduce((a, b) => a + b, 0) / marks.length;
  return { precision: share(precise), recall: share(recalled) };
}

/** For each point, the square of the distance to its third nearest neighbor. */
function reach(points: readonly Float32Array[]): Float64Array {
  if (points.length <= NEIGHBOURS) {
    throw new RangeError(
      `Precision and recall need more than ${NEIGHBOURS} images of each side, got ${points.length}`,
    );
  }
  const nearest = points.map(() => new Float64Array(NEIGHBOURS).fill(Infinity));
  forEachPair(points, points, (i, j, squared) => {
    if (j !== i && squared < nearest[i][NEIGHBOURS - 1]) insert(nearest[i], squared);
  });
  return Float64Array.from(nearest, (distances) => distances[NEIGHBOURS - 1]);
}

/** Inserts a value into an ascending list, and drops the last one. */
function insert(sorted: Float64Array, value: number): void {
  let at = sorted.length - 1;
  for (; at > 0 && sorted[at - 1] > value; at--) sorted[at] = sorted[at - 1];
  sorted[at] = value;
}

function forEachPair(
  a: readonly Float32Array[],
  b: readonly Float32Array[],
  visit: (i: number, j: number, squared: number) => void,
): void {
  for (let i0 = 0; i0 < a.length; i0 += BLOCK) {
    for (let j0 = 0; j0 < b.length; j0 += BLOCK) {
      for (let i = i0; i < Math.min(i0 + BLOCK, a.length); i++) {
        for (let j = j0; j < Math.min(j0 + BLOCK, b.length); j++) {
          visit(i, j, squaredDistance(a[i], b[j]));
        }
      }
    }
  }
}

function squaredDistance(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = a[i] - b[i];
    sum += difference * difference;
  }
  return sum;
}

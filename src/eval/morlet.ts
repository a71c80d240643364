/**
 * Oriented wavelets on small images: the moduli of Morlet filters, and the pyramid of their scales.
 *
 * @module
 */

/** A square picture of one channel, (side, side), row-major. */
export interface Plane {
  readonly side: number;
  readonly values: Float64Array;
}

/** Orientations of the filters, at multiples of 45 degrees. */
const ORIENTATIONS = 4;

const RADIUS = 3;
/** Width of the Gaussian envelope in pixels, and frequency in radians a pixel, of Kymatio's filters. */
const SIGMA = 0.8;
const FREQUENCY = 3 * Math.PI / 4;

/** Taps 0 to 3 of a filter of 7; those on the other side are the same, or in `odd` their negatives. */
interface Taps {
  readonly even: readonly number[];
  readonly odd: readonly number[];
}

/** exp(-t^2 / 2 sigma^2) exp(i frequency t). */
function wave(frequency: number): Taps {
  const taps = Array.from({ length: RADIUS + 1 }, (_, t) => t);
  const envelope = (t: number) => Math.exp(-t * t / (2 * SIGMA * SIGMA));
  return {
    even: taps.map((t) => envelope(t) * Math.cos(frequency * t)),
    odd: taps.map((t) => envelope(t) * Math.sin(frequency * t)),
  };
}

const still = wave(0);
const slanted = wave(FREQUENCY * Math.SQRT1_2);
const straight = wave(FREQUENCY);

/** The terms that a filter that is `x` along rows and `y` along columns lacks to be a Morlet. */
interface Correction {
  /** The share of the Gaussian that makes the filter's sum 0. */
  readonly mean: number;
  /** 1 / the sum of the filter's moduli. */
  readonly scale: number;
}

function correction(x: Taps, y: Taps): Correction {
  const sum = ({ even }: Taps) => even[0] + 2 * (even[1] + even[2] + even[3]);
  // The odd parts add up to nothing.
  const mean = sum(x) * sum(y) / sum(still) ** 2;
  let moduli = 0;
  for (let i = -RADIUS; i <= RADIUS; i++) {
    for (let j = -RADIUS; j <= RADIUS; j++) {
      const [u, v] = [Math.abs(i), Math.abs(j)];
      const [xo, yo] = [Math.sign(i) * x.odd[u], Math.sign(j) * y.odd[v]];
      const re = x.even[u] * y.even[v] - xo * yo - mean * still.even[u] * still.even[v];
      moduli += Math.hypot(re, x.even[u] * yo + xo * y.even[v]);
    }
  }
  return { mean, scale: 1 / moduli };
}

const upright = correction(straight, still);
const diagonal = correction(slanted, slanted);

/**
 * |image * Morlet| for the orientations 0, 45, 90 and 135 degrees, edges mirrored. A Morlet is a
 * product of a function of x and one of y, but for its mean; and the two slanted ones differ in a
 * sign only.
 */
export function morletModuli({ side, values }: Plane): Plane[] {
  const source = mirrored({ side, values });
  const flat = alongRows(source, side, still.even, evenSum);
  const slantedEven = alongRows(source, side, slanted.even, evenSum);
  const slantedOdd = alongRows(source, side, slanted.odd, oddSum);
  const straightEven = alongRows(source, side, straight.even, evenSum);
  const straightOdd = alongRows(source, side, straight.odd, oddSum);
  const out = Array.from({ length: ORIENTATIONS }, () => new Float64Array(side * side));
  const modulus = (re: number, im: number, { mean, scale }: Correction, smooth: number) => {
    const real = re - mean * smooth;
    return scale * Math.sqrt(real * real + im * im);
  };
  for (let i = 0; i < side * side; i++) {
    const at = i + RADIUS * side;
    const smooth = evenSum(flat, at, side, still.even);
    out[0][i] = modulus(
      evenSum(straightEven, at, side, still.even),
      evenSum(straightOdd, at, side, still.even),
      upright,
      smooth,
    );
    const ee = evenSum(slantedEven, at, side, slanted.even);
    const eo = oddSum(slantedEven, at, side, slanted.odd);
    const oe = evenSum(slantedOdd, at, side, slanted.even);
    const oo = oddSum(slantedOdd, at, side, slanted.odd);
    out[1][i] = modulus(ee - oo, eo + oe, diagonal, smooth);
    out[2][i] = modulus(
      evenSum(flat, at, side, straight.even),
      oddSum(flat, at, side, straight.odd),
      upright,
      smooth,
    );
    out[3][i] = modulus(ee + oo, eo - oe, diagonal, smooth);
  }
  return out.map((moduli) => ({ side, values: moduli }));
}

type Sum = (values: Float64Array, at: number, step: number, taps: readonly number[]) => number;

function evenSum(v: Float64Array, at: number, step: number, taps: readonly number[]): number {
  return taps[0] * v[at] + taps[1] * (v[at - step] + v[at + step]) +
    taps[2] * (v[at - 2 * step] + v[at + 2 * step]) +
    taps[3] * (v[at - 3 * step] + v[at + 3 * step]);
}

function oddSum(v: Float64Array, at: number, step: number, taps: readonly number[]): number {
  return taps[1] * (v[at + step] - v[at - step]) +
    taps[2] * (v[at + 2 * step] - v[at - 2 * step]) +
    taps[3] * (v[at + 3 * step] - v[at - 3 * step]);
}

/** A plane with 3 mirrored pixels more on each side. */
function mirrored({ side, values }: Plane): Float64Array {
  const wide = side + 2 * RADIUS;
  const out = new Float64Array(wide * wide);
  for (let y = 0; y < wide; y++) {
    const row = mirror(y - RADIUS, side) * side;
    for (let x = 0; x < wide; x++) out[y * wide + x] = values[row + mirror(x - RADIUS, side)];
  }
  return out;
}

/** From (side + 6, side + 6) to (side + 6, side). */
function alongRows(
  source: Float64Array,
  side: number,
  taps: readonly number[],
  sum: Sum,
): Float64Array {
  const wide = side + 2 * RADIUS;
  const out = new Float64Array(wide * side);
  for (let y = 0; y < wide; y++) {
    for (let x = 0; x < side; x++) out[y * side + x] = sum(source, y * wide + x + RADIUS, 1, taps);
  }
  return out;
}

/** Half the size: smoothed by (1, 4, 6, 4, 1) / 16 along both axes, then every other pixel. */
export function halved({ side, values }: Plane): Plane {
  const half = side / 2;
  const source = Int32Array.from({ length: side + 4 }, (_, i) => mirror(i - 2, side));
  const weights = [1, 4, 6, 4, 1].map((weight) => weight / 16);
  const rows = new Float64Array(side * half);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < half; x++) {
      let sum = 0;
      for (let k = 0; k < 5; k++) sum += weights[k] * values[y * side + source[2 * x + k]];
      rows[y * half + x] = sum;
    }
  }
  const out = new Float64Array(half * half);
  for (let y = 0; y < half; y++) {
    for (let x = 0; x < half; x++) {
      let sum = 0;
      for (let k = 0; k < 5; k++) sum += weights[k] * rows[source[2 * y + k] * half + x];
      out[y * half + x] = sum;
    }
  }
  return { side: half, values: out };
}

/** Means over cells (cells, cells), row-major. */
export function cellMeans({ side, values }: Plane, cells: number): number[] {
  const width = side / cells;
  const sums = new Array<number>(cells * cells).fill(0);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      sums[Math.floor(y / width) * cells + Math.floor(x / width)] += values[y * side + x];
    }
  }
  return sums.map((sum) => sum / (width * width));
}

/** A position outside 0..side-1 mirrored at the edge's pixel. */
function mirror(at: number, side: number): number {
  const period = 2 * (side - 1);
  const inside = ((at % period) + period) % period;
  return inside < side ? inside : period - inside;
}

/**
 * Eigenvalues of symmetric matrices: Householder's reduction to a tridiagonal matrix, then QL with
 * implicit shifts (Golub & Van Loan, Matrix Computations, 8.3). Own code because we found no
 * library that gives eigenvalues without their vectors, which take four times as long: at 2,048
 * features that is minutes.
 *
 * @module
 */

/**
 * The eigenvalues, in no particular order.
 *
 * @param matrix (n, n), row-major; its lower triangle is read, and overwritten
 */
export function symmetricEigenvalues(matrix: Float64Array, n: number): Float64Array {
  const { diagonal, below } = tridiagonal(matrix, n);
  return tridiagonalEigenvalues(diagonal, below);
}

interface Tridiagonal {
  readonly diagonal: Float64Array;
  /** Entry i stands below entry i of the diagonal; the last one is 0. */
  readonly below: Float64Array;
}

/** Reflections that leave one row after another, from the last up, with one entry off the diagonal. */
function tridiagonal(a: Float64Array, n: number): Tridiagonal {
  const diagonal = new Float64Array(n);
  const below = new Float64Array(n);
  const p = new Float64Array(n);
  for (let i = n - 1; i > 0; i--) {
    const u = a.subarray(i * n, i * n + i);
    diagonal[i] = a[i * n + i];
    const norm = Math.sqrt(dot(u, u, i));
    const last = u[i - 1];
    const reflected = last > 0 ? -norm : norm;
    below[i - 1] = reflected;
    const half = norm * (norm + Math.abs(last));
    if (half === 0) continue;
    u[i - 1] = last - reflected;
    // p = A u / half, the rows of A being known up to their diagonal.
    p.fill(0, 0, i);
    for (let j = 0; j < i; j++) {
      const row = a.subarray(j * n, j * n + j);
      const uj = u[j];
      let sum = a[j * n + j] * uj;
      for (let k = 0; k < j; k++) {
        sum += row[k] * u[k];
        p[k] += row[k] * uj;
      }
      p[j] += sum;
    }
    for (let j = 0; j < i; j++) p[j] /= half;
    const share = dot(u, p, i) / (2 * half);
    for (let j = 0; j < i; j++) p[j] -= share * u[j];
    for (let j = 0; j < i; j++) {
      const row = a.subarray(j * n, j * n + j + 1);
      const [uj, pj] = [u[j], p[j]];
      for (let k = 0; k <= j; k++) row[k] -= uj * p[k] + pj * u[k];
    }
  }
  diagonal[0] = a[0];
  return { diagonal, below };
}

function tridiagonalEigenvalues(d: Float64Array, e: Float64Array): Float64Array {
  const n = d.length;
  for (let l = 0; l < n; l++) {
    for (let m = firstSplit(d, e, l); m > l; m = firstSplit(d, e, l)) sweep(d, e, l, m);
  }
  return d;
}

/** The first entry from l on that is as good as cut off from the next. */
function firstSplit(d: Float64Array, e: Float64Array, l: number): number {
  let m = l;
  while (m < d.length - 1) {
    if (Math.abs(e[m]) <= Number.EPSILON * (Math.abs(d[m]) + Math.abs(d[m + 1]))) break;
    m++;
  }
  return m;
}

/** One QL step with Wilkinson's shift on the entries l to m. */
function sweep(d: Float64Array, e: Float64Array, l: number, m: number): void {
  const apart = (d[l + 1] - d[l]) / (2 * e[l]);
  const root = Math.sqrt(apart * apart + 1);
  let g = d[m] - d[l] + e[l] / (apart + (apart < 0 ? -root : root));
  let [sine, cosine, shift] = [1, 1, 0];
  for (let i = m - 1; i >= l; i--) {
    const f = sine * e[i];
    const b = cosine * e[i];
    const r = Math.sqrt(f * f + g * g);
    e[i + 1] = r;
    if (r === 0) {
      // The matrix has come apart in the middle; the next step works on a part of it.
      d[i + 1] -= shift;
      e[m] = 0;
      return;
    }
    sine = f / r;
    cosine = g / r;
    g = d[i + 1] - shift;
    const s = (d[i] - g) * sine + 2 * cosine * b;
    shift = sine * s;
    d[i + 1] = g + shift;
    g = cosine * s - b;
  }
  d[l] -= shift;
  e[l] = g;
  e[m] = 0;
}

function dot(a: Float64Array, b: Float64Array, length: number): number {
  let sum = 0;
  for (let i = 0; i < length; i++) sum += a[i] * b[i];
  return sum;
}

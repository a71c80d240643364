// Float64 reference of LayerNorm over the last axis, affine, with its adjoint.

/** PyTorch's default, which every LayerNorm of the network uses. */
export const LAYER_NORM_EPS = 1e-5;

/** `y = weight (x - mean) / sqrt(variance + eps) + bias`, for each row of x (rows, weight.length). */
export function layerNorm(
  x: Float64Array,
  weight: Float64Array,
  bias: Float64Array,
  eps: number = LAYER_NORM_EPS,
): Float64Array {
  const width = weight.length;
  const rows = x.length / width;
  const y = new Float64Array(x.length);
  for (let r = 0; r < rows; r++) {
    const { mean, rstd } = rowStatistics(x, r * width, width, eps);
    for (let i = 0; i < width; i++) {
      y[r * width + i] = weight[i] * (x[r * width + i] - mean) * rstd + bias[i];
    }
  }
  return y;
}

/** Gradients of LayerNorm's arguments. */
export interface LayerNormGradients {
  dx: Float64Array;
  dweight: Float64Array;
  dbias: Float64Array;
}

/** Gradients of `sum(dy * layerNorm(x, weight, bias))`. */
export function layerNormAdjoint(
  x: Float64Array,
  weight: Float64Array,
  dy: Float64Array,
  eps: number = LAYER_NORM_EPS,
): LayerNormGradients {
  const width = weight.length;
  const rows = x.length / width;
  const dx = new Float64Array(x.length);
  const dweight = new Float64Array(width);
  const dbias = new Float64Array(width);
  for (let r = 0; r < rows; r++) {
    const { mean, rstd } = rowStatistics(x, r * width, width, eps);
    // With h the normalised row and g = dy weight: dx = rstd (g - mean(g) - h mean(g h)).
    let meanG = 0;
    let meanGH = 0;
    for (let i = 0; i < width; i++) {
      const h = (x[r * width + i] - mean) * rstd;
      const g = dy[r * width + i] * weight[i];
      meanG += g / width;
      meanGH += g * h / width;
      dweight[i] += dy[r * width + i] * h;
      dbias[i] += dy[r * width + i];
    }
    for (let i = 0; i < width; i++) {
      const h = (x[r * width + i] - mean) * rstd;
      const g = dy[r * width + i] * weight[i];
      dx[r * width + i] = rstd * (g - meanG - h * meanGH);
    }
  }
  return { dx, dweight, dbias };
}

/** Mean and reciprocal standard deviation (biased variance) of one row. */
export function rowStatistics(
  x: Float64Array,
  start: number,
  width: number,
  eps: number,
): { mean: number; rstd: number } {
  let mean = 0;
  for (let i = 0; i < width; i++) mean += x[start + i] / width;
  let variance = 0;
  for (let i = 0; i < width; i++) variance += (x[start + i] - mean) ** 2 / width;
  return { mean, rstd: 1 / Math.sqrt(variance + eps) };
}

// Float64 references of the optimizer: AdamW, clipping by the global norm, and the moving average.

/** Settings of one AdamW update. */
export interface AdamWOptions {
  lr: number;
  beta1: number;
  beta2: number;
  eps: number;
  weightDecay: number;
  /** Number of this update, counted from 1. */
  step: number;
}

/** One update in place, as torch.optim.AdamW: decay first, decoupled; eps after the square root. */
export function adamwStep(
  parameter: Float64Array,
  gradient: Float64Array,
  moment1: Float64Array,
  moment2: Float64Array,
  { lr, beta1, beta2, eps, weightDecay, step }: AdamWOptions,
): void {
  const correction1 = 1 - beta1 ** step;
  const correction2 = 1 - beta2 ** step;
  for (let i = 0; i < parameter.length; i++) {
    moment1[i] = beta1 * moment1[i] + (1 - beta1) * gradient[i];
    moment2[i] = beta2 * moment2[i] + (1 - beta2) * gradient[i] ** 2;
    const update = (moment1[i] / correction1) / (Math.sqrt(moment2[i] / correction2) + eps);
    parameter[i] = parameter[i] * (1 - lr * weightDecay) - lr * update;
  }
}

/** `average = decay average + (1 - decay) parameter`, in place. */
export function emaUpdate(average: Float64Array, parameter: Float64Array, decay: number): void {
  for (let i = 0; i < average.length; i++) {
    average[i] = decay * average[i] + (1 - decay) * parameter[i];
  }
}

/** Euclidean norm of all gradients together. */
export function globalNorm(gradients: Iterable<Float64Array>): number {
  let sum = 0;
  for (const gradient of gradients) {
    for (let i = 0; i < gradient.length; i++) sum += gradient[i] ** 2;
  }
  return Math.sqrt(sum);
}

/** Factor of torch.nn.utils.clip_grad_norm_: `min(1, max / (norm + 1e-6))`. */
export function clipCoefficient(norm: number, maxNorm: number): number {
  return Math.min(1, maxNorm / (norm + 1e-6));
}

/** Scales the gradients in place so that their global norm is at most `maxNorm`; returns the norm before. */
export function clipGlobalNorm(gradients: Float64Array[], maxNorm: number): number {
  const norm = globalNorm(gradients);
  const coefficient = clipCoefficient(norm, maxNorm);
  for (const gradient of gradients) {
    for (let i = 0; i < gradient.length; i++) gradient[i] *= coefficient;
  }
  return norm;
}

/** Settings of one LAMB update. */
export interface LambOptions extends AdamWOptions {
  /** Whether the tensor decays and is scaled by its trust ratio. */
  adapted: boolean;
}

/**
 * One update of one tensor in place, as TensorFlow Addons' LAMB: Adam's step u with bias corrections
 * plus the decay, times the ratio of the norms of parameter and u, 1 where either is 0.
 */
export function lambStep(
  parameter: Float64Array,
  gradient: Float64Array,
  moment1: Float64Array,
  moment2: Float64Array,
  { lr, beta1, beta2, eps, weightDecay, step, adapted }: LambOptions,
): void {
  const update = parameter.map((value, i) => {
    moment1[i] = beta1 * moment1[i] + (1 - beta1) * gradient[i];
    moment2[i] = beta2 * moment2[i] + (1 - beta2) * gradient[i] ** 2;
    const mean = moment1[i] / (1 - beta1 ** step);
    const square = moment2[i] / (1 - beta2 ** step);
    return mean / (Math.sqrt(square) + eps) + (adapted ? weightDecay * value : 0);
  });
  const [size, change] = [globalNorm([parameter]), globalNorm([update])];
  const ratio = adapted && size > 0 && change > 0 ? size / change : 1;
  for (let i = 0; i < parameter.length; i++) parameter[i] -= lr * ratio * update[i];
}

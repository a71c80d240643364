/** The scalars of the optimizers, see OPTIMIZER_SCALARS. */
@unmanaged
export class OptimizerScalars {
  lr: f32;
  beta1: f32;
  beta2: f32;
  epsilon: f32;
  weightDecay: f32;
  correction1: f32;
  correction2: f32;
  emaDecay: f32;
  clip: f32;
  slot: f32;
}

/** The verdict on a step. */
@unmanaged
export class Verdict {
  /** What the gradients are multiplied by. */
  factor: f32;
  /** 1 or 0. */
  finite: f32;
  loss: f32;
  norm: f32;
}

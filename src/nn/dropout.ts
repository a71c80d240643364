/**
 * Dropout (Srivastava et al. 2014) and stochastic depth (Huang et al. 2016) for training.
 *
 * @module
 */
import type { Plan } from "../graph/plan.ts";
import type { Tensor } from "../graph/tensor.ts";

/** How much is dropped. */
export interface DropRates {
  /** Share of the hidden units of feed-forward layers. */
  readonly units: number;
  /** Share of the examples that go without a residual branch. */
  readonly path: number;
}

/**
 * Drops, one use after the other, by the numbers of one stream an example: each use has numbers of
 * its own, fixed when the plan is recorded. Kept values are divided by the kept share, which
 * preserves means.
 */
export class Dropout {
  /** Numbers of a stream used so far; set back, the same ones follow again. */
  position = 0;

  /** @param keys the examples' streams (B, 2), u32 */
  constructor(readonly keys: Tensor, readonly rates: DropRates) {}

  /** x (B, ...) with units dropped. */
  units(plan: Plan<string>, x: Tensor): Tensor {
    const rate = this.rates.units;
    if (rate === 0) return x;
    const batch = x.shape[0];
    const each = x.size / batch;
    const sizes = { batch, each, first: this.#take(each), rate };
    const { keys } = this;
    const y = plan.activation(x.shape, [x]);
    plan.record("dropout", sizes, { x, keys, y });
    plan.onBackward(y, (dy) => {
      plan.record("dropout", sizes, { x: dy, keys, y: plan.newGradient(x) });
    });
    return y;
  }

  /** residual + the branch that `record` makes, which some examples go without. */
  branch(
    plan: Plan<string>,
    residual: Tensor,
    record: (residual?: Tensor) => Tensor,
  ): Tensor {
    const rate = this.rates.path;
    if (rate === 0) return record(residual);
    const index = this.#take(1);
    const branch = record();
    const batch = branch.shape[0];
    const sizes = { batch, each: branch.size / batch, index, rate };
    const { keys } = this;
    const y = plan.activation(branch.shape, [residual, branch]);
    plan.record("stochasticDepth", sizes, { residual, branch, keys, y });
    plan.onBackward(y, (dy) => {
      const gradient = plan.newGradient(branch);
      plan.record("stochasticDepth", sizes, { branch: dy, keys, y: gradient });
      plan.forwardGradient(dy, residual);
    });
    return y;
  }

  #take(count: number): number {
    const first = this.position;
    this.position += count;
    return first;
  }
}

/**
 * Dropout (Srivastava et al. 2014) and stochastic depth (Huang et al. 2016) for training.
 *
 * @module
 */
import { dropBranch, dropElements } from "../../kernels/dropout.ts";
import type { Plan, Tensor } from "../gpu/plan.ts";

/** How much is dropped. */
export interface DropRates {
  /** Share of the hidden units of feed-forward layers. */
  readonly units: number;
  /** Share of the examples that go without a residual branch. */
  readonly path: number;
}

/**
 * Drops, one use after the other, by the numbers of one stream an example: each use has numbers of its
 * own, fixed when the plan is recorded. What is kept is divided by the share that is kept, so that
 * means stay.
 */
export class Dropping {
  #next = 0;

  /** @param keys the examples' streams (B, 2), u32 */
  constructor(readonly keys: Tensor, readonly rates: DropRates) {}

  /** x (B, ...) with units dropped. */
  units(plan: Plan, x: Tensor): Tensor {
    const rate = this.rates.units;
    if (rate === 0) return x;
    const batch = x.shape[0];
    const each = x.size / batch;
    const launch = dropElements({ batch, each, first: this.#take(each), rate });
    const y = plan.activation(x.shape, [x]);
    plan.dispatch(launch, [x, this.keys, y]);
    plan.onBackward(y, (dy) => plan.dispatch(launch, [dy, this.keys, plan.fresh(x)]));
    return y;
  }

  /** residual + the branch that `record` makes, which some examples go without. */
  branch(
    plan: Plan,
    residual: Tensor,
    record: (residual?: Tensor) => Tensor,
  ): Tensor {
    const rate = this.rates.path;
    if (rate === 0) return record(residual);
    const index = this.#take(1);
    const branch = record();
    const batch = branch.shape[0];
    const shape = { batch, each: branch.size / batch, index, rate };
    const y = plan.activation(branch.shape, [residual, branch]);
    plan.dispatch(dropBranch({ ...shape, residual: true }), [residual, branch, this.keys, y]);
    plan.onBackward(y, (dy) => {
      const gradient = plan.fresh(branch);
      plan.dispatch(dropBranch({ ...shape, residual: false }), [dy, this.keys, gradient]);
      plan.pass(dy, residual);
    });
    return y;
  }

  #take(count: number): number {
    const first = this.#next;
    this.#next += count;
    return first;
  }
}

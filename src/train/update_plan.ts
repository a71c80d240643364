/**
 * The end of a step: what is known of it, and the update of all parameters.
 *
 * @module
 */
import { lambChunks, lambStep, lambUpdate, trustRatio } from "../../kernels/lamb.ts";
import { adamW, judgeStep } from "../../kernels/optimizer.ts";
import { partialMoments, PARTIALS } from "../../kernels/reduce.ts";
import type { Plan, Storage, Tensor } from "../gpu/plan.ts";
import type { ParameterLayout } from "../model/parameters.ts";
import { whole } from "../model/weights.ts";
import type { TrainOptions } from "./options.ts";
import type { StepTensors, TrainSlabs } from "./step_plan.ts";

/**
 * The table of LAMB's chunks. Biases and norms neither decay nor are they scaled, unless all are:
 * TensorFlow Addons' LAMB, which the paper's code takes, leaves what is excluded from one out of the
 * other, too.
 */
export function updateChunks(
  { optimizer, decayAll }: TrainOptions,
  { parameters }: ParameterLayout,
): Uint32Array<ArrayBuffer> | undefined {
  if (optimizer !== "lamb") return undefined;
  return lambChunks(parameters.map(({ offset, size, shape }) => ({
    offset,
    size,
    adapted: decayAll || shape.length > 1,
  })));
}

/** Records the section "update", from all gradients and the partial sums of the loss. */
export function recordUpdate(
  plan: Plan,
  { accumulate, decayAll }: TrainOptions,
  layout: ParameterLayout,
  slabs: TrainSlabs,
  { x0, scalars, history, chunks }: StepTensors,
  gradients: Storage,
  lossPartial: Tensor,
): void {
  const { size } = layout;
  const [parameters, first, second, average] = [
    slabs.parameters,
    slabs.adam_m,
    slabs.adam_v,
    slabs.ema,
  ].map(whole);
  const gradient = whole(gradients);
  plan.section("update", () => {
    const partial = plan.activation([PARTIALS, 2]);
    const verdict = plan.activation([4]);
    plan.dispatch(partialMoments({ size }), [gradient, partial]);
    plan.dispatch(
      judgeStep({ size: x0.size * accumulate }),
      [lossPartial, partial, scalars, verdict, history],
    );
    if (chunks) {
      const count = chunks.size / 4;
      const norms = plan.activation([count, 2]);
      const ratios = plan.activation([count]);
      plan.dispatch(
        lambStep({ chunks: count }),
        [parameters, gradient, first, second, norms, verdict, chunks, scalars],
      );
      plan.dispatch(trustRatio({ chunks: count }), [norms, chunks, ratios]);
      plan.dispatch(
        lambUpdate({ chunks: count }),
        [parameters, gradient, average, ratios, verdict, chunks, scalars],
      );
    } else {
      plan.dispatch(
        adamW({ size, decayed: decayAll ? size : layout.matrices }),
        [parameters, gradient, first, second, average, verdict, scalars],
      );
    }
  });
}

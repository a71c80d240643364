/**
 * The end of a step: its verdict, and the update of all parameters.
 *
 * @module
 */
import type { Plan } from "../graph/plan.ts";
import { type Storage, temporary, type Tensor } from "../graph/tensor.ts";
import type { RinConfig } from "../model/config.ts";
import { drawnSize } from "../model/example.ts";
import type { ParameterLayout } from "../model/parameters.ts";
import { whole } from "../model/weights.ts";
import { lambChunks } from "./lamb_chunks.ts";
import type { TrainOptions } from "./options.ts";
import type { StepTensors, TrainSlabs } from "./step_tensors.ts";

/**
 * The table of LAMB's chunks. Biases and norms neither decay nor are they scaled, unless all are:
 * in TensorFlow Addons' LAMB, which the paper's code takes, an exclusion from one is an exclusion
 * from both.
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
  plan: Plan<string>,
  config: RinConfig,
  { batchSize, decayAll }: TrainOptions,
  layout: ParameterLayout,
  slabs: TrainSlabs,
  { scalars, history, scaling, chunks }: StepTensors,
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
  plan.phase("update", () => {
    const verdict = temporary(4);
    plan.record(
      "judgeStep",
      { size: batchSize * drawnSize(config), count: size },
      { lossPartial, gradients: gradient, scalars, verdict, history, scaling },
    );
    const operands = { parameters, gradients: gradient, first, second, average, verdict, scalars };
    if (chunks) plan.record("lamb", { chunks: chunks.size / 4 }, { ...operands, table: chunks });
    else plan.record("adamW", { size, decayed: decayAll ? size : layout.matrices }, operands);
  });
}

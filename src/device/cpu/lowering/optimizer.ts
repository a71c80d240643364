/**
 * The end of a training step: the verdict on it, then AdamW with the moving average.
 *
 * @module
 */
import { ADAM_W, JUDGE_STEP } from "../../../../kernels/wasm/assembly/codes.ts";
import { float, type Lowering } from "../tape_entry.ts";
import { partialMoments } from "./reduce.ts";
import { chunksOf } from "./tiles.ts";

/** Loss, norm, and whether they are finite. */
export const judgeStep: Lowering<"judgeStep"> = (
  { size, count },
  { lossPartial, gradients, scalars, verdict, history, scaling },
) => {
  if (scaling) throw new RangeError("The CPU device has no f16, so it scales no loss");
  const { entry, partial, partials } = partialMoments(gradients, count);
  const fields = { lossPartial, partial, scalars, verdict, history, partials, size: float(size) };
  return [entry, { code: JUDGE_STEP, tiles: 1, fields }];
};

/** AdamW. */
export const adamW: Lowering<"adamW"> = (
  { size, decayed },
  { parameters, gradients, first, second, average, verdict, scalars },
) => {
  const fields = {
    parameters,
    gradients,
    first,
    second,
    average,
    verdict,
    scalars,
    size,
    decayed,
  };
  return [{ code: ADAM_W, tiles: chunksOf(size), fields }];
};

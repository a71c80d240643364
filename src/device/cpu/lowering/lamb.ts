/**
 * LAMB with the moving average.
 *
 * @module
 */
import { LAMB_STEP, LAMB_UPDATE, TRUST_RATIO } from "../../../../kernels/wasm/assembly/codes.ts";
import { temporary } from "../../../graph/tensor.ts";
import type { Lowering } from "../tape_entry.ts";

/** LAMB: a chunk of its table a tile. */
export const lamb: Lowering<"lamb"> = (
  { chunks },
  { parameters, gradients, first, second, average, verdict, table, scalars },
) => {
  const norms = temporary(chunks, 2);
  const ratios = temporary(chunks);
  return [
    {
      code: LAMB_STEP,
      tiles: chunks,
      fields: { parameters, gradients, first, second, norms, verdict, table, scalars },
    },
    { code: TRUST_RATIO, tiles: 1, fields: { norms, table, ratios, verdict, chunks } },
    {
      code: LAMB_UPDATE,
      tiles: chunks,
      fields: { parameters, gradients, average, ratios, verdict, table, scalars },
    },
  ];
};

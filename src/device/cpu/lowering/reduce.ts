/**
 * Sums in a fixed order.
 *
 * @module
 */
import { MOMENTS, PARTIAL_MOMENTS, SUM_MIDDLE } from "../../../../kernels/wasm/assembly/codes.ts";
import { CHUNK } from "../../../../kernels/wasm/assembly/sizes.ts";
import { temporary, type Tensor } from "../../../graph/tensor.ts";
import type { Lowering, TapeEntry } from "../tape_entry.ts";
import { chunksOf } from "./tiles.ts";

/** Columns that a tile of `sumMiddle` sums: enough for a cache line of each row, few enough for L1. */
const COLUMNS = { least: 64, most: 2048 };

/** The sum over a middle axis. */
export const sumMiddle: Lowering<"sumMiddle"> = (
  { outer, middle, inner, stride = inner, start = 0, accumulate = false },
  { x, y },
) => {
  const size = outer * inner;
  const wanted = Math.ceil(CHUNK / middle / COLUMNS.least) * COLUMNS.least;
  const perTile = Math.min(wanted, COLUMNS.most);
  const fields = {
    x,
    y,
    perTile,
    size,
    middle,
    inner,
    stride,
    start,
    accumulate: Number(accumulate),
  };
  return [{ code: SUM_MIDDLE, tiles: Math.ceil(size / perTile), fields }];
};

/** Sum and sum of squares of each tile of x, as `partials` pairs of f64 in `partial`. */
export function partialMoments(
  x: Tensor,
  size: number,
): { entry: TapeEntry; partial: Tensor; partials: number } {
  const partials = chunksOf(size);
  const partial = temporary(partials, 2, 2);
  const entry = { code: PARTIAL_MOMENTS, tiles: partials, fields: { x, partial, size } };
  return { entry, partial, partials };
}

/** Mean, standard deviation and norm. */
export const moments: Lowering<"moments"> = ({ size, at }, { x, y }) => {
  const { entry, partial, partials } = partialMoments(x, size);
  return [entry, { code: MOMENTS, tiles: 1, fields: { partial, y, partials, size, at } }];
};

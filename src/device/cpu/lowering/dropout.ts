/**
 * Dropout and stochastic depth.
 *
 * @module
 */
import { DROPOUT, STOCHASTIC_DEPTH } from "../../../../kernels/wasm/assembly/codes.ts";
import { float, type Lowering } from "../tape_entry.ts";
import { chunksOf } from "./tiles.ts";

const shares = (rate: number) => ({ rate: float(rate), inverse: float(1 / (1 - rate)) });

/** Elements dropped one by one. */
export const dropout: Lowering<"dropout"> = ({ batch, each, first, rate }, { x, keys, y }) => {
  const size = batch * each;
  const fields = { x, keys, y, size, each, first, ...shares(rate) };
  return [{ code: DROPOUT, tiles: chunksOf(size), fields }];
};

/** Branches dropped example by example. */
export const stochasticDepth: Lowering<"stochasticDepth"> = (
  { batch, each, index, rate },
  { branch, keys, y, residual },
) => {
  const size = batch * each;
  const fields = { branch, keys, y, residual, size, each, index, ...shares(rate) };
  return [{ code: STOCHASTIC_DEPTH, tiles: chunksOf(size), fields }];
};

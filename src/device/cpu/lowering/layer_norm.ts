/**
 * Layer norm and its gradients.
 *
 * @module
 */
import {
  LAYER_NORM,
  LAYER_NORM_AFFINE_GRADIENT,
  LAYER_NORM_INPUT_GRADIENT,
} from "../../../../kernels/wasm/assembly/codes.ts";
import { temporary } from "../../../graph/tensor.ts";
import { float, type Lowering } from "../tape_entry.ts";
import { sumMiddle } from "./reduce.ts";
import { rowTiles } from "./tiles.ts";

/** y = the normed rows of x. */
export const layerNorm: Lowering<"layerNorm"> = (
  { rows, d, epsilon },
  { x, affine, y, stats },
) => {
  const { rowsPerTile, tiles } = rowTiles(rows, d);
  const fields = { x, affine, y, stats, rowsPerTile, rows, d, epsilon: float(epsilon) };
  return [{ code: LAYER_NORM, tiles, fields }];
};

/** The gradient of x. */
export const layerNormInputGradient: Lowering<"layerNormInputGradient"> = (
  { rows, d, accumulate },
  { x, affine, stats, dy, dx },
) => {
  const { rowsPerTile, tiles } = rowTiles(rows, d);
  const fields = {
    x,
    affine,
    stats,
    dy,
    dx,
    rowsPerTile,
    rows,
    d,
    accumulate: Number(accumulate),
  };
  return [{ code: LAYER_NORM_INPUT_GRADIENT, tiles, fields }];
};

/** The gradient of weight and bias: each tile's share, then their sum. */
export const layerNormAffineGradient: Lowering<"layerNormAffineGradient"> = (
  { rows, d },
  { x, stats, dy, daffine },
) => {
  const { rowsPerTile, tiles } = rowTiles(rows, d);
  const partial = tiles === 1 ? daffine : temporary(tiles, 2, d);
  const fields = { x, stats, dy, partial, rowsPerTile, rows, d };
  const shares = { code: LAYER_NORM_AFFINE_GRADIENT, tiles, fields };
  if (tiles === 1) return [shares];
  const sizes = { outer: 1, middle: tiles, inner: 2 * d };
  return [shares, ...sumMiddle(sizes, { x: partial, y: daffine })];
};

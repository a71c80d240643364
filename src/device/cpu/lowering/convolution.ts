/**
 * Turns a convolution into a matrix product, and pools.
 *
 * @module
 */
import { POOL, RECTIFY, UNFOLD } from "../../../../kernels/wasm/assembly/codes.ts";
import { outputSize, type Window } from "../../../graph/ops.ts";
import type { Tensor } from "../../../graph/tensor.ts";
import type { Lowering, TapeEntry } from "../tape_entry.ts";
import { chunksOf, rowTiles } from "./tiles.ts";

/** A kernel that slides `window` over x. */
function slide(
  code: number,
  window: Window,
  { x, y }: { readonly x: Tensor; readonly y: Tensor },
  max: boolean,
): readonly TapeEntry[] {
  const [outHeight, outWidth] = outputSize(window);
  const { batch, height, width, channels, kernel: [tall, wide], stride, padding } = window;
  const pixels = batch * outHeight * outWidth;
  const { rowsPerTile, tiles } = rowTiles(pixels, tall * wide * channels);
  const fields = {
    x,
    y,
    pixelsPerTile: rowsPerTile,
    pixels,
    height,
    width,
    channels,
    outHeight,
    outWidth,
    tall,
    wide,
    stride,
    above: padding[0],
    left: padding[1],
    max: Number(max),
  };
  return [{ code, tiles, fields }];
}

/** Windows as rows. */
export const unfold: Lowering<"unfold"> = (window, operands) =>
  slide(UNFOLD, window, operands, false);

/** The largest or the mean of each window. */
export const pool: Lowering<"pool"> = ({ window, kind }, operands) =>
  slide(POOL, window, operands, kind === "max");

/** max(x, 0) into columns of a wider matrix. */
export const rectify: Lowering<"rectify"> = ({ rows, columns, of, at }, { x, y }) => {
  const size = rows * columns;
  return [{ code: RECTIFY, tiles: chunksOf(size), fields: { x, y, size, columns, of, at } }];
};

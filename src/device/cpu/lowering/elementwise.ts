/**
 * Copies, sums and masks.
 *
 * @module
 */
import { ADD, COPY, MASK_ROWS } from "../../../../kernels/wasm/assembly/codes.ts";
import type { Lowering } from "../tape_entry.ts";
import { chunksOf } from "./tiles.ts";

/** y = x. */
export const copy: Lowering<"copy"> = ({ size }, { x, y }) => [
  { code: COPY, tiles: chunksOf(size), fields: { x, y, size } },
];

/** y += x. */
export const add: Lowering<"add"> = ({ size }, { x, y }) => [
  { code: ADD, tiles: chunksOf(size), fields: { x, y, size } },
];

/** y = mask x. */
export const maskRows: Lowering<"maskRows"> = ({ batch, each }, { x, mask, y }) => {
  const size = batch * each;
  return [{ code: MASK_ROWS, tiles: chunksOf(size), fields: { x, mask, y, size, each } }];
};

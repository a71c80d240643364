/**
 * Patches, and rows of tokens and latents outside of the layers.
 *
 * @module
 */
import {
  ADD_ROWS,
  BEGIN_LATENTS,
  GATHER_ROWS,
  GATHER_ROWS_GRADIENT,
  JOIN_LATENTS,
  PATCHIFY,
} from "../../../../kernels/wasm/assembly/codes.ts";
import type { SizesOf } from "../../../graph/ops.ts";
import type { Tensor } from "../../../graph/tensor.ts";
import type { Lowering, TapeEntry } from "../tape_entry.ts";
import { chunksOf, rowTiles } from "./tiles.ts";

function patches(
  { batch, channels, axes }: SizesOf<"patchify">,
  { x, y }: { readonly x: Tensor; readonly y: Tensor },
  inverse: boolean,
): readonly TapeEntry[] {
  // Images are clips of one frame.
  const [frame, row, column] = axes.length === 2 ? [{ length: 1, patch: 1 }, ...axes] : axes;
  const rows = batch * channels * frame.length * row.length;
  const { rowsPerTile, tiles } = rowTiles(rows, column.length);
  const fields = {
    x,
    y,
    inverse: Number(inverse),
    rowsPerTile,
    rows,
    channels,
    frames: frame.length,
    height: row.length,
    width: column.length,
    patchFrames: frame.patch,
    patchHeight: row.patch,
    patchWidth: column.patch,
  };
  return [{ code: PATCHIFY, tiles, fields }];
}

/** Images or clips cut into patches. */
export const patchify: Lowering<"patchify"> = (sizes, operands) => patches(sizes, operands, false);

/** The inverse. */
export const depatchify: Lowering<"depatchify"> = (sizes, operands) =>
  patches(sizes, operands, true);

/** y = x + table + mask previous. */
export const addRows: Lowering<"addRows"> = (
  { outer, inner },
  { x, table, y, previous, mask },
) => {
  const size = outer * inner;
  const fields = { x, table, y, previous, mask, size, inner };
  return [{ code: ADD_ROWS, tiles: chunksOf(size), fields }];
};

/** y = start + mask previous + time. */
export const beginLatents: Lowering<"beginLatents"> = (
  { batch, m, d },
  { start, time, y, previous, mask },
) => {
  const rows = batch * m;
  const { rowsPerTile, tiles } = rowTiles(rows, d);
  const fields = { start, time, y, previous, mask, rowsPerTile, rows, m, d };
  return [{ code: BEGIN_LATENTS, tiles, fields }];
};

/** y = (start, tokens) + mask previous. */
export const joinLatents: Lowering<"joinLatents"> = (
  { batch, m, d, tokens },
  { start, token0, token1, y, previous, mask },
) => {
  const rows = batch * m;
  const { rowsPerTile, tiles } = rowTiles(rows, d);
  const own = m - tokens;
  const fields = { start, token0, token1, y, previous, mask, rowsPerTile, rows, m, own, d };
  return [{ code: JOIN_LATENTS, tiles, fields }];
};

/** Rows of a table. */
export const gatherRows: Lowering<"gatherRows"> = ({ batch, n, d }, { table, rows, y }) => {
  const { rowsPerTile, tiles } = rowTiles(batch, d);
  return [{ code: GATHER_ROWS, tiles, fields: { table, rows, y, rowsPerTile, batch, n, d } }];
};

/** The gradient of the table. */
export const gatherRowsGradient: Lowering<"gatherRowsGradient"> = (
  { batch, n, d },
  { dy, rows, dtable },
) => {
  const { rowsPerTile, tiles } = rowTiles(n, d);
  const fields = { dy, rows, dtable, rowsPerTile, batch, n, d };
  return [{ code: GATHER_ROWS_GRADIENT, tiles, fields }];
};

/**
 * A matrix product on the CPU: one entry, cut into blocks of `out`.
 *
 * @module
 */
import { MATMUL } from "../../../../kernels/wasm/assembly/codes.ts";
import type { Activation, Layout } from "../../../graph/ops.ts";
import type { Lowering } from "../tape_entry.ts";
import { pieces } from "./pieces.ts";

const LAYOUTS: Record<Layout, number> = { nt: 0, nn: 1, tn: 2 };
const ACTIVATIONS: Record<Activation, number> = { gelu: 1, silu: 2 };

const numberOf = (activation?: Activation) => activation ? ACTIVATIONS[activation] : 0;

/** Lowers `matmul`. */
export const matmul: Lowering<"matmul"> = (sizes, operands) => {
  const { m, n, k, activation, derivative, accumulate } = sizes;
  const { a, b, out, bias, residual, pre, sums } = operands;
  const { rows, columns, depth } = matmulTile(m, n, k);
  return [{
    code: MATMUL,
    tiles: Math.ceil(m / rows) * Math.ceil(n / columns),
    fields: {
      ...{ a, b, out, bias, residual, pre, sums },
      layout: LAYOUTS[sizes.layout],
      ...{ m, n, k },
      activation: numberOf(activation),
      derivative: numberOf(derivative),
      accumulate: accumulate ? 1 : 0,
      ...{ rows, columns, depth },
    },
    scratch: 4 * (columns * depth + 8 * depth + 3 * 4 * columns + rows * columns),
  }];
};

/** Tiles of at most these rows and columns: large ones pack less, small ones keep threads busy. */
const TILES = [[96, 128], [96, 64], [48, 64], [48, 32]] as const;

/** So many tiles are enough for all threads. */
const ENOUGH = 12;

/** Rows and columns of a tile, and the stretch of k that keeps the panels of b in the cache. */
function matmulTile(m: number, n: number, k: number) {
  const cuts = TILES.map(([rows, columns]) => ({
    rows: pieces(m, rows, 8),
    columns: pieces(n, columns, 8),
  }));
  const enough = cuts.find(({ rows, columns }) =>
    Math.ceil(m / rows) * Math.ceil(n / columns) >= ENOUGH
  );
  return { ...enough ?? cuts.at(-1)!, depth: pieces(k, 256, 4) };
}

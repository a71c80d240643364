/**
 * How a matrix product is cut up: which tile of its results a workgroup computes, and in how many
 * parts its sum is taken.
 *
 * @module
 */
import type { Layout } from "../shapes.ts";

/** Sizes of a matrix product. */
export interface ProductSizes {
  /** Which operand is stored transposed. */
  readonly layout: Layout;
  /** Rows of `out`. */
  readonly m: number;
  /** Columns of `out`. */
  readonly n: number;
  /** Length of the summed axis. */
  readonly k: number;
}

/** The part of the product that a workgroup computes. */
export interface Tile {
  /** Rows of its results, and columns. */
  readonly side: number;
  /** Rows of an invocation's results: 1, or a multiple of 4. */
  readonly rows: number;
  /** Columns of an invocation's results, a multiple of 4. */
  readonly columns: number;
  /**
   * How deep a slice of both operands it brings into workgroup memory: an invocation reads eight
   * numbers of each.
   */
  readonly depth: number;
  /** A tile this large is worth it where there are so many of them. */
  readonly least: number;
}

/** From the one that reads its operands least often to the one that shares out the least work. */
export const TILES: readonly Tile[] = [
  { side: 128, rows: 8, columns: 8, depth: 16, least: 128 },
  { side: 64, rows: 8, columns: 8, depth: 8, least: 256 },
  { side: 32, rows: 4, columns: 4, depth: 16, least: 64 },
  { side: 16, rows: 1, columns: 4, depth: 32, least: 0 },
];

/** Multiply-adds of an invocation that are written out one after another; the rest are a loop. */
const UNROLLED = 256;

/** How deep a part of a slice an invocation multiplies without a loop. */
export function unrolledDepth({ rows, columns, depth }: Tile): number {
  return Math.min(depth, UNROLLED / (rows * columns));
}

/** Invocations of a workgroup, along a tile's rows and its columns. */
export function invocationsOf({ side, rows, columns }: Tile): readonly [x: number, y: number] {
  return [side / columns, side / rows];
}

/** Sums of this much of k or more are cut, into parts of at least a quarter of it. */
const LONG = 1024;

const tilesOf = ({ m, n }: ProductSizes, side: number) => Math.ceil(m / side) * Math.ceil(n / side);

/**
 * The tile for a product with sums cut into parts of `part`: the first that fills a GPU and
 * computes little beyond the edges.
 */
export function tileFor(sizes: ProductSizes, part: number): Tile {
  const parts = Math.ceil(sizes.k / part);
  return TILES.find(({ side, least }) => {
    const tiles = tilesOf(sizes, side);
    return tiles * parts >= least && tiles * side * side <= 1.25 * 1024 * tilesOf(sizes, 32);
  }) ?? TILES[TILES.length - 1];
}

/**
 * How much of k a part of the sum is; k where it is taken whole. Gradients of weights (tn), few
 * results of long sums, are cut where that makes up for one more dispatch, which adds the parts. It
 * depends on the sizes alone, not on the tile, so that all tiles sum in one order; other layouts are
 * never cut, so that a row's bits don't depend on m.
 */
export function partDepth(sizes: ProductSizes): number {
  const { layout, k } = sizes;
  if (layout !== "tn" || k < LONG) return k;
  const parts = Math.min(Math.ceil(256 / tilesOf(sizes, 64)), Math.floor(4 * k / LONG));
  return parts < 2 ? k : Math.ceil(k / parts / 32) * 32;
}

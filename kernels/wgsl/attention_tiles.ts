/**
 * How an attention is cut up: which of its rows a workgroup owns, how many an invocation, and into
 * how many parts the keys go.
 *
 * @module
 */
import type { AttentionSizes } from "../shapes.ts";
import { LANES } from "./kernel.ts";

/** How a workgroup shares out the scores of its rows with the others, 32 of these at a time. */
export interface AttentionTile {
  /** Rows of an invocation: queries, or keys in the gradient of k and v. */
  readonly rows: 1 | 2 | 4;
  /** Invocations that share these rows. */
  readonly across: 8 | 16 | 32;
  /** A tile this large is worth it where there are so many invocations. */
  readonly least: number;
}

/** From the one that reads its operands least often to the one that shares out the least work. */
export const ATTENTION_TILES: readonly AttentionTile[] = [
  { rows: 4, across: 8, least: 8192 },
  { rows: 2, across: 8, least: 4096 },
  { rows: 1, across: 8, least: 2048 },
  { rows: 1, across: 16, least: 2048 },
  { rows: 1, across: 32, least: 0 },
];

/** Rows that a workgroup takes from the other side at once. */
export const OTHERS = 32;

/** Floats of an invocation's sums over the others: more leave too few of 128 registers for the rest. */
const SUMS = 32;

/** Rows that a workgroup owns. */
export function ownedBy({ rows, across }: AttentionTile): number {
  return rows * LANES / across;
}

/**
 * The tile for `count` rows in each of `groups`, of which each sums up `floats` (spread over 8
 * invocations): the first that fills a GPU, has registers for the sums, and computes little beyond the last
 * row.
 */
export function attentionTileFor(count: number, groups: number, floats: number): AttentionTile {
  return ATTENTION_TILES.find((tile) => {
    const owned = ownedBy(tile);
    const workgroups = Math.ceil(count / owned);
    return groups * workgroups * LANES >= tile.least && tile.rows * floats / 8 <= SUMS &&
      workgroups * owned <= 1.25 * 16 * Math.ceil(count / 16);
  }) ?? ATTENTION_TILES[ATTENTION_TILES.length - 1];
}

/**
 * How many keys go into a part, a multiple of 32; all of them where there are queries enough. It
 * doesn't depend on the batch, so that an example's bits don't either.
 */
export function keysOfPart({ heads, queries, keys }: AttentionSizes): number {
  const [largest] = ATTENTION_TILES;
  const invocations = heads * Math.ceil(queries / ownedBy(largest)) * LANES;
  const parts = Math.min(Math.ceil(largest.least / invocations), Math.floor(keys / 256));
  return parts < 2 ? keys : Math.ceil(keys / parts / OTHERS) * OTHERS;
}

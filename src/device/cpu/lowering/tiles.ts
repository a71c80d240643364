/**
 * How operations are cut into tiles: by their sizes alone, so that results have the same bits for any
 * number of threads.
 *
 * @module
 */
import { CHUNK } from "../../../../kernels/wasm/assembly/sizes.ts";

/** Tiles of `size` elements, for kernels with tiles of {@linkcode CHUNK} floats. */
export function chunksOf(size: number): number {
  return Math.ceil(size / CHUNK);
}

/** Rows of a tile, where a row is work for about `d` floats, and how many tiles `rows` rows make. */
export function rowTiles(rows: number, d: number): { rowsPerTile: number; tiles: number } {
  const rowsPerTile = Math.max(1, Math.floor(CHUNK / d));
  return { rowsPerTile, tiles: Math.ceil(rows / rowsPerTile) };
}

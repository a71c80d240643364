/**
 * The heat maps that a picture of `rin attention` shows.
 *
 * @module
 */
import { readMap, type ReadPart } from "../../src/diffusion/reading_measures.ts";
import type { ReadWeights } from "../../src/diffusion/reading.ts";
import type { RinConfig } from "../../src/model/config.ts";
import { UsageError } from "../errors.ts";

/** What there can be a heat map of each of. */
export const EACH = ["block", "head", "latent"] as const;

/** A heat map at every step. */
export interface HeatRow {
  readonly word: string;
  /** The share of the attention that each token gets. */
  mapOf(blocks: readonly ReadWeights[]): Float64Array;
}

/**
 * A heat map of each block, of each head of each block, or of each latent in all blocks.
 *
 * @param block the only block that counts, where given
 * @throws {UsageError} when there is no such block
 */
export function heatRows(
  { numBlocks, readWriteHeads, numLatents }: RinConfig,
  each: typeof EACH[number],
  block?: number,
): HeatRow[] {
  if (block !== undefined && !(block >= 0 && block < numBlocks)) {
    const known = numBlocks === 1 ? "0" : `0 to ${numBlocks - 1}`;
    throw new UsageError(`--block is ${block}: expected ${known}, the blocks of this network`);
  }
  const all = upTo(numBlocks).filter((i) => block === undefined || block === i);
  const row = (word: string, chosen: readonly number[], part?: ReadPart): HeatRow => ({
    word,
    mapOf: (blocks) => readMap(chosen.map((i) => blocks[i]), part),
  });
  if (each === "block") return all.map((i) => row(`block ${i}`, [i]));
  if (each === "latent") {
    return upTo(numLatents).map((latent) => row(`latent ${latent}`, all, { latent }));
  }
  return all.flatMap((i) =>
    upTo(readWriteHeads).map((head) => row(`block ${i}, head ${head}`, [i], { head }))
  );
}

const upTo = (length: number) => Array.from({ length }, (_, i) => i);

/**
 * Maps of where latents read, and their measures.
 *
 * @module
 */
import type { ReadWeights } from "./reading.ts";

/** The heads and latents to take together; all where none is named. */
export interface ReadPart {
  /** From 0. */
  readonly head?: number;
  /** From 0. */
  readonly latent?: number;
}

/**
 * The share of the attention that each interface token gets.
 *
 * @param reads of one block, or of several together
 * @param part one head, one latent, or all (default)
 * @returns (tokens), which add up to 1
 */
export function readMap(
  reads: readonly ReadWeights[],
  { head, latent }: ReadPart = {},
): Float64Array<ArrayBuffer> {
  const map = new Float64Array(reads[0].tokens);
  let rows = 0;
  for (const { heads, latents, tokens, weights } of reads) {
    for (let row = 0; row < heads * latents; row++) {
      if (head !== undefined && head !== Math.floor(row / latents)) continue;
      if (latent !== undefined && latent !== row % latents) continue;
      rows++;
      for (let token = 0; token < tokens; token++) map[token] += weights[row * tokens + token];
    }
  }
  return map.map((sum) => sum / rows);
}

/**
 * The entropy of what a latent reads with one head, in bits, on average over all of them:
 * log2(tokens) where each reads everywhere alike, 0 where each reads one token.
 */
export function readEntropy({ heads, latents, weights }: ReadWeights): number {
  let sum = 0;
  for (const weight of weights) if (weight > 0) sum -= weight * Math.log2(weight);
  return sum / (heads * latents);
}

/**
 * The least share of the tokens that together get half of the attention: one half where all get
 * alike, less where the latents leave out a part of the picture.
 *
 * @param map from {@linkcode readMap}
 */
export function readCoverage(map: ArrayLike<number>): number {
  const falling = Float64Array.from(map).sort().reverse();
  const half = falling.reduce((a, b) => a + b, 0) / 2;
  let sum = 0;
  for (const [i, share] of falling.entries()) {
    // Of the last one only as much as is missing.
    if (sum + share >= half) return (i + (half - sum) / share) / falling.length;
    sum += share;
  }
  return 1;
}

/**
 * Entropy and coverage of the reads, as `rin attention` prints them.
 *
 * @module
 */
import { readCoverage, readEntropy, readMap } from "../../src/diffusion/reading_measures.ts";
import type { Reading } from "../../src/diffusion/reading.ts";
import { table } from "../terminal/table.ts";

/** Figures of some steps. */
export interface Figures {
  readonly tokens: number;
  readonly latents: number;
  readonly heads: number;
  /** What a network would have that reads everywhere alike. */
  readonly even: Measures;
  readonly steps: readonly {
    readonly step: number;
    readonly blocks: readonly Measures[];
  }[];
}

interface Measures {
  /** Bits, of a latent's read with one head, on average. */
  readonly entropy: number;
  /** Share of the tokens that get half of all attention. */
  readonly coverage: number;
}

/** The figures of each reading. */
export function figuresOf(readings: readonly Reading[]): Figures {
  const [{ tokens, latents, heads }] = readings[0].blocks;
  return {
    ...{ tokens, latents, heads },
    even: { entropy: Math.log2(tokens), coverage: 0.5 },
    steps: readings.map(({ done, blocks }) => ({
      step: done,
      blocks: blocks.map((block) => ({
        entropy: readEntropy(block),
        coverage: readCoverage(readMap([block])),
      })),
    })),
  };
}

/** Two tables, a row for each block and a column for each step. */
export function figuresText({ tokens, latents, heads, even, steps }: Figures): string {
  const tabled = (show: (measures: Measures) => string) =>
    table(
      ["", ...steps.map(({ step }) => `step ${step}`), "even"],
      steps[0].blocks.map((_, i) => [
        `block ${i}`,
        ...steps.map(({ blocks }) => show(blocks[i])),
        show(even),
      ]),
    );
  return [
    `Entropy in bits, the mean of ${latents} latents and ${heads} heads, each over ${tokens} tokens`,
    tabled(({ entropy }) => entropy.toFixed(2)),
    "",
    "Coverage: the share of the tokens that get half of the attention",
    tabled(({ coverage }) => `${(100 * coverage).toFixed(0)}%`),
  ].join("\n");
}

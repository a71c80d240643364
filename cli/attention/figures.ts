/**
 * Entropy and coverage of the reads, as `rin attention` prints them.
 *
 * @module
 */
import { readCoverage, readEntropy, readMap } from "../../src/diffusion/reading_measures.ts";
import type { Reading } from "../../src/diffusion/reading.ts";
import type { RinConfig } from "../../src/model/config.ts";
import { interfaceTokens } from "../../src/model/example.ts";
import { table } from "../terminal/table.ts";

/** Figures of some steps. */
export interface Figures {
  readonly tokens: number;
  readonly latents: number;
  readonly heads: number;
  /** What a network would have that reads everywhere alike. */
  readonly even: Measures;
  readonly steps: readonly StepFigures[];
}

/** Figures of one step. */
export interface StepFigures {
  readonly step: number;
  readonly blocks: readonly Measures[];
}

interface Measures {
  /** Bits, of a latent's read with one head, on average. */
  readonly entropy: number;
  /** Share of the tokens that get half of all attention. */
  readonly coverage: number;
}

/** The figures of a reading. */
export function stepFigures({ done, blocks }: Reading): StepFigures {
  return {
    step: done,
    blocks: blocks.map((block) => ({
      entropy: readEntropy(block),
      coverage: readCoverage(readMap([block])),
    })),
  };
}

/** The figures of some steps of a network. */
export function figuresOf(config: RinConfig, steps: readonly StepFigures[]): Figures {
  const tokens = interfaceTokens(config);
  const even = { entropy: Math.log2(tokens), coverage: 0.5 };
  return { tokens, latents: config.numLatents, heads: config.readWriteHeads, even, steps };
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

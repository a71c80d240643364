/**
 * Default settings of sampling: on the command line, by the service, on the page and in the grids
 * of a run alike.
 *
 * @module
 */
import type { SamplerName } from "./samplers.ts";

/** DPM-Solver++ needs few steps; guidance is for networks that were trained with label dropout. */
export const USUAL_SAMPLING: {
  readonly sampler: SamplerName;
  readonly steps: number;
  readonly guidance: number;
} = { sampler: "dpm++", steps: 25, guidance: 1 };

/** How much of a picture is redrawn: of a whole one, or of the part that a mask leaves free. */
export const USUAL_STRENGTH: { readonly whole: number; readonly masked: number } = {
  whole: 0.6,
  masked: 1,
};

/** Estimates on the way that an animation shows. */
export const USUAL_FRAMES = 25;

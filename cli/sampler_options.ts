/**
 * The flags of every command that makes images.
 *
 * @module
 */
import type { SampleOptions } from "../src/diffusion/rin.ts";
import { SAMPLERS } from "../src/diffusion/samplers.ts";
import { CommandError } from "./errors.ts";
import { flagOf, type Option, type Value } from "./options.ts";

/** How images are made, but not how many. */
export const SAMPLER_OPTIONS: Option[] = [
  { key: "steps", type: "integer", help: "network evaluations of an image", default: 100 },
  {
    key: "sampler",
    type: SAMPLERS,
    help: "ancestral; deterministic (with --eta 0); deterministic and of second order (dpm++, " +
      "heun): good from 10 to 25 steps on; or as the original project does",
    default: "ddpm",
  },
  { key: "eta", type: "number", help: "ddim: share of fresh noise, 0 to 1", default: 0 },
  {
    key: "variance",
    type: ["small", "large"],
    help: "ddpm: of the fresh noise; the posterior's, or beta_t",
    default: "small",
  },
  { key: "seed", type: "integer", help: "image i depends on the seed and i alone", default: 0 },
  { key: "batchSize", type: "integer", help: "images made at a time", default: 32 },
];

/**
 * How images are to be made.
 *
 * @param flags with the defaults of {@linkcode SAMPLER_OPTIONS}
 * @throws {CommandError} when a number is out of range
 */
export function readSampler(
  flags: Readonly<Record<string, Value>>,
): Required<Pick<SampleOptions, "batchSize" | "seed" | "steps" | "eta" | "sampler" | "variance">> {
  return {
    batchSize: numberWithin(flags, "batchSize", 1, 65535),
    seed: numberWithin(flags, "seed", 0, 2 ** 32 - 1),
    eta: numberWithin(flags, "eta", 0, 1),
    steps: numberWithin(flags, "steps", 1, 100_000),
    sampler: flags.sampler as SampleOptions["sampler"] & string,
    variance: flags.variance as SampleOptions["variance"] & string,
  };
}

/** @throws {CommandError} when a number is out of range */
export function numberWithin(
  flags: Readonly<Record<string, Value>>,
  key: string,
  low: number,
  high: number,
): number {
  const value = Number(flags[key]);
  if (value >= low && value <= high) return value;
  throw new CommandError(`${flagOf(key)} is ${value}: needed ${low} to ${high}`);
}

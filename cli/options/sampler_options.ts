/**
 * The flags of every command that makes images.
 *
 * @module
 */
import { SAMPLE_OPTIONS } from "../../src/diffusion/sample_options.ts";
import type { SampleOptions } from "../../src/diffusion/sample_options.ts";
import { USUAL_SAMPLING } from "../../src/diffusion/usual_sampling.ts";
import { fits, needed } from "../../src/options/schema.ts";
import { clipOf } from "../../src/picture/record.ts";
import { CommandError } from "../errors.ts";
import { flagOf } from "./flag_name.ts";
import type { Option, Value } from "./options.ts";

/** How images are made, but not how many; values and defaults are the library's. */
export const SAMPLER_OPTIONS: Option[] = [
  {
    key: "steps",
    type: "integer",
    help: "network evaluations of an image",
    default: USUAL_SAMPLING.steps,
  },
  {
    key: "sampler",
    type: SAMPLE_OPTIONS.sampler.enum,
    help: "ddpm: ancestral; ddim: deterministic with --eta 0; dpm++, heun: deterministic and " +
      "of second order, good from 10 to 25 steps on; renoise: the original project's",
    default: USUAL_SAMPLING.sampler,
  },
  {
    key: "times",
    type: SAMPLE_OPTIONS.times.enum,
    help: "times of the evaluations: even in t; closer at both ends; even in the log of the " +
      "signal-to-noise ratio",
    default: SAMPLE_OPTIONS.times.default,
  },
  {
    key: "sampleSchedule",
    type: "text",
    value: "NAME",
    help: "noise schedule of the evaluations, named as --schedule of rin train (default: the " +
      "network's)",
  },
  {
    key: "timeDifference",
    type: "number",
    help: "ddpm, ddim, renoise: how many evaluations past the next one a step goes",
    default: SAMPLE_OPTIONS.timeDifference.default,
  },
  {
    key: "eta",
    type: "number",
    help: "ddim: share of fresh noise, 0 to 1",
    default: SAMPLE_OPTIONS.eta.default,
  },
  {
    key: "variance",
    type: SAMPLE_OPTIONS.variance.enum,
    help: "ddpm: variance of the fresh noise, the posterior's or beta_t",
    default: SAMPLE_OPTIONS.variance.default,
  },
  {
    key: "clip",
    type: "text",
    value: "on|off|SHARE",
    help: "clip the estimate of x0 to [-1, 1], or not, or threshold it at that share of its " +
      "values, such as 0.995",
    default: "on",
  },
  {
    key: "warmStart",
    type: "number",
    help: "share of the latents that a step passes on: 1 as in the paper, 0 for none",
    default: SAMPLE_OPTIONS.warmStart.default,
  },
  {
    key: "selfCondDecay",
    type: "number",
    help: "share of a step's initial latents that stays in those it passes on, 0 to 1",
    default: SAMPLE_OPTIONS.selfCondDecay.default,
  },
  {
    key: "seed",
    type: "seed",
    help: "image i depends on the seed and i alone",
    default: SAMPLE_OPTIONS.seed.default,
  },
  {
    key: "batchSize",
    type: "integer",
    help: "images drawn at a time",
    default: SAMPLE_OPTIONS.batchSize.default,
  },
];

/**
 * Reads the sampler's options.
 *
 * @param flags with the defaults of {@linkcode SAMPLER_OPTIONS}
 * @throws {CommandError} when a number is out of range
 */
export function readSampler(
  flags: Readonly<Record<string, Value>>,
):
  & Required<
    Pick<
      SampleOptions,
      | "batchSize"
      | "seed"
      | "steps"
      | "times"
      | "timeDifference"
      | "eta"
      | "clip"
      | "warmStart"
      | "selfCondDecay"
      | "sampler"
      | "variance"
    >
  >
  & Pick<SampleOptions, "sampleSchedule"> {
  return {
    batchSize: samplingNumber(flags, "batchSize"),
    seed: samplingNumber(flags, "seed"),
    eta: samplingNumber(flags, "eta"),
    steps: samplingNumber(flags, "steps"),
    times: flags.times as SampleOptions["times"] & string,
    sampleSchedule: flags.sampleSchedule as string | undefined,
    timeDifference: samplingNumber(flags, "timeDifference"),
    clip: readClip(String(flags.clip)),
    warmStart: samplingNumber(flags, "warmStart"),
    selfCondDecay: samplingNumber(flags, "selfCondDecay"),
    sampler: flags.sampler as SampleOptions["sampler"] & string,
    variance: flags.variance as SampleOptions["variance"] & string,
  };
}

function readClip(value: string): boolean | number {
  const clip = clipOf(value);
  if (clip !== undefined) return clip;
  throw new CommandError(`--clip is ${value}: expected on, off, or a share above 0 and up to 1`);
}

/**
 * The number of a flag that the library's table of sampling options has, too.
 *
 * @throws {CommandError} when it is out of range
 */
export function samplingNumber(
  flags: Readonly<Record<string, Value>>,
  key: keyof typeof SAMPLE_OPTIONS & keyof SampleOptions,
): number {
  const value = Number(flags[key]);
  const schema = SAMPLE_OPTIONS[key];
  if (fits(schema, value)) return value;
  throw new CommandError(`${flagOf(key)} is ${value}: expected ${needed(schema)}`);
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
  throw new CommandError(`${flagOf(key)} is ${value}: expected ${low} to ${high}`);
}

/**
 * How commands use a network's own way of sampling.
 *
 * @module
 */
import { type OwnSampling, ownSamplingOf } from "../../src/model/own_sampling.ts";
import type { CheckpointFile } from "../../src/run/checkpoint_file.ts";
import type { Value } from "./options.ts";

/** The network's own way of sampling, unless the user names another sampler. */
export function ownUnlessGiven(
  { checkpoint }: CheckpointFile,
  given: Readonly<Record<string, Value>>,
): OwnSampling | undefined {
  return given.sampler === undefined ? ownSamplingOf(checkpoint) : undefined;
}

/** The note that says so, with the flags that came of it. */
export function sampledAs(own: OwnSampling, flags: Readonly<Record<string, Value>>): string {
  const [sampler, steps, variance, schedule] = Object.keys(own).map((key) => flags[key]);
  return `Sampling as its run does: ${sampler}, ${steps} steps, variance ${variance}, along ` +
    `${schedule}; --sampler chooses another way`;
}

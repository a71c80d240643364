/**
 * How a network was meant to be sampled, as its checkpoint says it.
 *
 * @module
 */
import type { Checkpoint } from "./checkpoint.ts";

/** Options of sampling, by the names that they have everywhere. */
export interface OwnSampling {
  readonly sampler: string;
  readonly steps: number;
  readonly variance: string;
  readonly sampleSchedule: string;
}

/** The field of a checkpoint's metadata that holds it as JSON. */
export const OWN_SAMPLING = "sampling";

/**
 * What a run's checkpoint says of its own samples, where they go along a schedule of their own, or what
 * its export kept of that; undefined for a network that is sampled as all are.
 */
export function ownSamplingOf(
  { training, about }: Pick<Checkpoint, "training" | "about">,
): OwnSampling | undefined {
  const { run = {} } = (training ?? {}) as { readonly run?: Record<string, unknown> };
  const { sampleSampler, sampleSteps, sampleVariance, sampleSchedule } = run;
  const ofRun = checked({
    sampler: sampleSampler,
    steps: sampleSteps,
    variance: sampleVariance,
    sampleSchedule,
  });
  try {
    return ofRun ?? checked(JSON.parse(about?.[OWN_SAMPLING] ?? "null"));
  } catch {
    return undefined;
  }
}

/** What is whole; a run without a schedule of its own for samples says nothing. */
function checked(given: Record<string, unknown> | null): OwnSampling | undefined {
  const { sampler, steps, variance, sampleSchedule } = given ?? {};
  const texts = [sampler, variance, sampleSchedule].every((text) => typeof text === "string");
  return texts && typeof steps === "number"
    ? { sampler, steps, variance, sampleSchedule } as OwnSampling
    : undefined;
}

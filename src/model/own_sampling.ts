/**
 * A network's own way of sampling, from its checkpoint.
 *
 * @module
 */
import type { CheckpointDescription } from "./checkpoint.ts";

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
 * Settings of a run's own samples, where they have a schedule of their own, from its checkpoint or
 * export; undefined for a network that is sampled as usual.
 */
export function ownSamplingOf(
  { training, about }: Pick<CheckpointDescription, "training" | "about">,
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

/** Returns complete settings; a run without a schedule for samples has none. */
function checked(given: Record<string, unknown> | null): OwnSampling | undefined {
  const { sampler, steps, variance, sampleSchedule } = given ?? {};
  const texts = [sampler, variance, sampleSchedule].every((text) => typeof text === "string");
  return texts && typeof steps === "number"
    ? { sampler, steps, variance, sampleSchedule } as OwnSampling
    : undefined;
}

/**
 * How long a network was trained.
 *
 * @module
 */
/** The card's field of an export or an import. */
export const TRAINED_STEPS = "trained_steps";

/** Steps that a run's checkpoint, or the card of an export, says it was trained for. */
export function trainedSteps(
  { training, about }: {
    readonly training?: Readonly<Record<string, unknown>>;
    readonly about?: Readonly<Record<string, unknown>>;
  },
): number | undefined {
  const steps = Number(training?.step ?? about?.[TRAINED_STEPS] ?? NaN);
  return Number.isFinite(steps) ? steps : undefined;
}

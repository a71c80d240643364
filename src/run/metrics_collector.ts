/**
 * The metrics of the steps done: read from the device, judged, logged, and shown.
 *
 * @module
 */
import type { Moments, StepMetrics } from "../train/trainer.ts";
import type { TrainingBatches } from "./batches.ts";
import { NotFiniteError } from "./errors.ts";
import type { Activity, LatestMetrics } from "./events.ts";
import type { MetricsLine } from "./logger.ts";
import type { RunParts } from "./run_parts.ts";
import type { Saving } from "./saving.ts";

/** Decay of the loss's average; smaller in the first steps, so that the very first soon counts little. */
const averageDecay = (step: number) => Math.min(0.98, step / (step + 9));

/** Steps with unread metrics at most; the trainer keeps 512. */
const MAX_UNREAD = 256;

/** The same where a step that is not finite ends the run. */
const MAX_TO_STOP = 32;

/**
 * Steps between looks of several processes, whose clocks differ: all must see a step that is not
 * finite after the same step.
 */
const UNREAD_TOGETHER = 8;

/** Milliseconds between looks at the metrics. Each look lets the device run dry for a moment. */
const COLLECT_EVERY = 500;

/** So many steps in a row that are not finite mean that the network is broken, not the batch. */
const MAX_SKIPPED_IN_ROW = 64;

/** Collects metrics every now and then. */
export class MetricsCollector {
  #parts: RunParts;
  #latest: LatestMetrics | undefined;
  #collected = { time: 0, step: 0 };

  constructor(
    parts: RunParts,
    readonly batches: TrainingBatches,
    readonly saving: Saving,
  ) {
    this.#parts = parts;
    this.resetClock();
  }

  /** Measures speed from now on: the time since the last metrics was spent on something else. */
  resetClock(): void {
    this.#collected = { time: performance.now(), step: this.#parts.trainer.stepsDone };
  }

  /** Whether it is time to collect. */
  get due(): boolean {
    const { trainer, peers, settings } = this.#parts;
    const { time, step } = this.#collected;
    const unread = trainer.stepsDone - step;
    if (peers.size > 1) return unread >= UNREAD_TOGETHER;
    const most = settings.run.onNan === "stop" ? MAX_TO_STOP : MAX_UNREAD;
    return performance.now() - time > COLLECT_EVERY || unread >= most;
  }

  /**
   * Reads, logs, and shows the metrics of the steps since the last time.
   *
   * @param moments of the last one
   * @throws {NotFiniteError} when there were steps that were not finite, and `onNan` or their number
   * asks to stop
   */
  async collect(moments?: Record<string, Moments>): Promise<void> {
    const { trainer, loggers, state, settings: { training } } = this.#parts;
    const steps = await trainer.metrics();
    if (steps.length === 0) return;
    const seconds = (performance.now() - this.#collected.time) / 1000;
    const imagesPerSecond = Number((steps.length * training.batchSize / seconds).toPrecision(4));
    const dataWait = Number((this.batches.takeWait() / (1000 * seconds)).toFixed(4));
    this.resetClock();
    const skipped = state.skipped;
    const lines = steps.map((step): MetricsLine => ({
      ...this.#line(step),
      imagesPerSecond,
      dataWait,
    }));
    if (moments && steps.at(-1)!.finite) lines.push({ ...lines.pop()!, moments });
    for (const logger of loggers) await logger.metrics?.(lines);
    if (state.skipped > skipped) {
      this.#judge(steps.filter(({ finite }) => !finite).map(({ step }) => step));
    }
    const { loss } = steps.at(-1)!;
    const { lossAverage } = state;
    this.#latest = { lossAverage, loss, imagesPerSecond, skipped: state.skipped };
    this.show();
  }

  /** A step's line; a number that is not finite is left out of it. */
  #line({ step, loss, gradientNorm, lr, finite }: StepMetrics): MetricsLine {
    const { state, data, settings: { training } } = this.#parts;
    const epoch = Number((step * training.batchSize / data.train.count).toFixed(3));
    if (finite) {
      const before = state.lossAverage ?? loss;
      const decay = averageDecay(step);
      state.lossAverage = decay * before + (1 - decay) * loss;
      state.skippedInRow = 0;
      return { step, epoch, loss, lossAverage: state.lossAverage, lr, gradientNorm };
    }
    state.skipped++;
    state.skippedInRow++;
    const known = Object.entries({ loss, gradientNorm }).filter(([, value]) => isFinite(value));
    return { step, epoch, ...Object.fromEntries(known), lr, skipped: state.skipped };
  }

  /** Reports that steps were skipped, or that the run can't continue like this. */
  #judge(steps: readonly number[]): void {
    const { state, folder, emit, settings: { run, training } } = this.#parts;
    const at = { folder: folder.path, savedAt: this.saving.savedAt, lr: training.lr };
    if (run.onNan === "stop") throw new NotFiniteError(`At step ${steps[0]}`, at);
    const last = steps.at(-1)!;
    if (state.skippedInRow >= MAX_SKIPPED_IN_ROW) {
      const when = `In each of the last ${state.skippedInRow} steps, to step ${last},`;
      throw new NotFiniteError(when, at);
    }
    emit({ type: "skipped", step: last, skipped: state.skipped });
  }

  /** Reports progress, with the current activity or the last metrics. */
  show(activity?: Activity): void {
    const { trainer, emit, settings: { training: { steps } } } = this.#parts;
    emit({ type: "progress", step: trainer.stepsDone, steps, latest: this.#latest, activity });
  }
}

/**
 * The figures of the steps done: read from the device, judged, recorded and shown.
 *
 * @module
 */
import type { Moments, StepFigures } from "../train/trainer.ts";
import { CommandError } from "../../cli/errors.ts";
import type { TrainingBatches } from "./batches.ts";
import type { MetricsLine } from "./logger.ts";
import type { RunParts } from "./run_parts.ts";
import type { Saving } from "./saving.ts";

/** Decay of the loss's average; in the first steps it is less, lest the very first weigh on it. */
const averageDecay = (step: number) => Math.min(0.98, step / (step + 9));

/** Steps whose figures are unread at most; the trainer keeps 64. */
const MAX_UNREAD = 32;

/** Milliseconds between looks at the figures. Each look lets the device run dry for a moment. */
const COLLECT_EVERY = 500;

/** So many steps in a row that are not finite mean that the network is broken, not the batch. */
const MAX_SKIPPED_IN_ROW = 64;

/** Collects figures every now and then. */
export class FigureCollector {
  #parts: RunParts;
  /** The figures on the progress bar. */
  #shown: Record<string, string> = {};
  #collected = { time: 0, step: 0 };

  constructor(
    parts: RunParts,
    readonly batches: TrainingBatches,
    readonly saving: Saving,
  ) {
    this.#parts = parts;
    this.rest();
  }

  /** The time since the last figures says nothing of how fast training goes. */
  rest(): void {
    this.#collected = { time: performance.now(), step: this.#parts.trainer.stepsDone };
  }

  /** Whether it is time to collect. */
  get due(): boolean {
    const { time, step } = this.#collected;
    return performance.now() - time > COLLECT_EVERY ||
      this.#parts.trainer.stepsDone - step >= MAX_UNREAD;
  }

  /**
   * Reads, records and shows the figures of the steps since the last time.
   *
   * @param moments of the last one
   * @throws {CommandError} when there were steps that were not finite, and `onNan` or their number
   * asks to stop
   */
  async collect(moments?: Record<string, Moments>): Promise<void> {
    const { trainer, recorders, state, settings: { network, training } } = this.#parts;
    const figures = await trainer.figures();
    if (figures.length === 0) return;
    const seconds = (performance.now() - this.#collected.time) / 1000;
    const imagesPerSecond = Number((figures.length * training.batchSize / seconds).toPrecision(4));
    const dataWait = Number((this.batches.takeWait() / (1000 * seconds)).toFixed(4));
    this.rest();
    const skipped = state.skipped;
    const lines = figures.map((figure): MetricsLine => ({
      ...this.#line(figure),
      imagesPerSecond,
      dataWait,
    }));
    if (moments && figures.at(-1)!.finite) lines.push({ ...lines.pop()!, moments });
    for (const recorder of recorders) await recorder.scalars?.(lines);
    if (state.skipped > skipped) {
      this.#judge(figures.filter(({ finite }) => !finite).map(({ step }) => step));
    }
    this.#shown = {
      ...(state.lossAverage === null ? {} : { loss: state.lossAverage.toFixed(4) }),
      last: figures.at(-1)!.loss.toFixed(4),
      [network.frames > 1 ? "clips/s" : "img/s"]: imagesPerSecond.toPrecision(3),
      ...(state.skipped > 0 ? { skipped: `${state.skipped}` } : {}),
    };
    this.show();
  }

  /** A step's line; a number that is not finite is left out of it. */
  #line({ step, loss, gradientNorm, lr, finite }: StepFigures): MetricsLine {
    const { state, splits, settings: { training } } = this.#parts;
    const epoch = Number((step * training.batchSize / splits.train.count).toFixed(3));
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

  /** Says that steps were skipped, or that the run can't go on like this. */
  #judge(steps: readonly number[]): void {
    const { state, folder, terminal, settings: { run, training } } = this.#parts;
    const what = "the loss or its gradient was no finite number";
    const end =
      `stopped; the checkpoint of step ${this.saving.savedAt} in ${folder.path} is kept; ` +
      `go on from it with a lower --lr than ${training.lr}`;
    if (run.onNan === "stop") throw new CommandError(`At step ${steps[0]} ${what}: ${end}`);
    if (state.skippedInRow >= MAX_SKIPPED_IN_ROW) {
      throw new CommandError(
        `In each of the last ${state.skippedInRow} steps, to step ${steps.at(-1)}, ${what}: ${end}`,
      );
    }
    terminal.note(`Step ${steps.at(-1)} was skipped: ${what} (skipped so far: ${state.skipped})`);
  }

  /** Draws the progress bar, with what else is going on or the last figures. */
  show(fields = this.#shown): void {
    const { trainer, terminal, settings: { training } } = this.#parts;
    terminal.progress(trainer.stepsDone, training.steps, fields);
  }
}

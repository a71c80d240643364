/**
 * A training run from its first step, or the one it was resumed at, to its last: steps, and what is
 * done between them.
 *
 * @module
 */
import { TrainingBatches, validationBatches } from "./batches.ts";
import { Interrupted } from "../../cli/errors.ts";
import { FigureCollector } from "./metrics_collector.ts";
import { clipGridPng } from "../picture/clips.ts";
import { gridPng } from "../picture/pictures.ts";
import type { RunParts } from "./run_parts.ts";
import { samplePath } from "./sample_files.ts";
import { Saving } from "./saving.ts";

/** Samples of the grids on the way, the first ones of the last grid. */
const SAMPLES_ON_THE_WAY = 16;

/** Samples made at a time. */
const SAMPLE_BATCH = 32;

/** One run. */
export class TrainingRun {
  #parts: RunParts;
  #batches: TrainingBatches;
  #figures: FigureCollector;
  #saving: Saving;
  /** Whether a checkpoint is due that waits for a step that was not skipped. */
  #overdue = false;

  /** @param resumed whether trainer and state come from the folder's last checkpoint */
  constructor(parts: RunParts, resumed: boolean) {
    const { splits, settings: { network: { imageSize }, training, run: { flip } } } = parts;
    const { seed, batchSize, steps } = training;
    this.#parts = parts;
    this.#batches = new TrainingBatches(splits.train, { seed, batchSize, imageSize, flip, steps });
    this.#saving = new Saving(parts, resumed);
    this.#figures = new FigureCollector(parts, this.#batches, this.#saving);
  }

  /**
   * Trains to the last step, or until it is stopped, and leaves a checkpoint of the last step done.
   *
   * @throws {CommandError} when steps are not finite or a file can't be written, and the settings
   * ask to stop then; or when the last checkpoint can't be written
   * @throws {DeviceLostError} when the device is lost
   */
  async go(): Promise<"finished" | "stopped"> {
    const { trainer, recorders, terminal, stop, settings: { training: { steps } } } = this.#parts;
    for (const recorder of recorders) await recorder.rewind?.(trainer.stepsDone);
    // From here on there is always a checkpoint to go on from.
    if (this.#saving.unsaved) await this.#saving.save();
    this.#saving.check();
    this.#figures.rest();
    this.#figures.show();
    let stopped = false;
    try {
      await this.#chores();
      while (trainer.stepsDone < steps && !stop.aborted) {
        await this.#step();
        await this.#chores();
      }
      stopped = trainer.stepsDone < steps;
    } catch (thrown) {
      if (!(thrown instanceof Interrupted)) throw thrown;
      stopped = true;
    }
    await this.#figures.collect();
    if (this.#saving.unsaved) await this.#saving.save();
    this.#figures.show();
    terminal.finish();
    for (const recorder of recorders) await recorder.end?.();
    this.#saving.check();
    return stopped ? "stopped" : "finished";
  }

  async #step(): Promise<void> {
    const { trainer, settings: { run } } = this.#parts;
    const step = trainer.stepsDone;
    const measure = (step + 1) % run.logEvery === 0;
    const { images, labels } = await this.#batches.at(step);
    await trainer.enqueue(images, { labels, measure });
    this.#saving.unsaved = true;
    if (measure) await this.#figures.collect(await trainer.moments());
    else if (this.#figures.due) await this.#figures.collect();
  }

  /** What is due after the last step done. A resumed run makes up for what it was stopped before. */
  async #chores(): Promise<void> {
    const { trainer, state, settings: { run, training } } = this.#parts;
    const step = trainer.stepsDone;
    if (step === 0) return;
    const last = step === training.steps;
    const due = (every: number) => last || step % every === 0;
    const validate = due(run.validEvery) && state.validatedAt < step;
    const sample = due(run.sampleEvery) && state.sampledAt < step;
    const save = this.#saving.due || this.#overdue;
    if (!validate && !sample && !save) return;
    await this.#figures.collect();
    if (validate) await this.#validate(step);
    if (sample) await this.#sample(step, last ? run.sampleCount : SAMPLES_ON_THE_WAY);
    // What is skipped now may never be good again: the checkpoint before it is worth more.
    this.#overdue = (save || validate) && state.skippedInRow > 0;
    if ((save || validate) && !this.#overdue) await this.#saving.save();
    // The time that chores take says nothing of how fast training goes.
    this.#figures.rest();
  }

  async #validate(step: number): Promise<void> {
    const { trainer, splits, recorders, state, terminal, settings: { run, network } } = this.#parts;
    const validLoss = await trainer.validate(
      validationBatches(
        splits.valid,
        network.imageSize,
        run.validCount,
        (done, total) => this.#show({ validating: `${done}/${total}` }),
      ),
    );
    trainer.observe(validLoss);
    state.validatedAt = step;
    this.#saving.observe(validLoss);
    for (const recorder of recorders) await recorder.scalars?.([{ step, validLoss }]);
    terminal.note(`Step ${step}: validation loss ${validLoss.toFixed(4)}`);
  }

  async #sample(step: number, wanted: number): Promise<void> {
    const { trainer, folder, recorders, state, terminal, settings: { run, network } } = this.#parts;
    const count = Math.min(wanted, run.sampleCount);
    const { numClasses } = network;
    const images = await trainer.average.sample({
      labels: numClasses > 0 ? Array.from({ length: count }, (_, i) => i % numClasses) : undefined,
      count,
      steps: run.sampleSteps,
      batchSize: SAMPLE_BATCH,
      onStep: (done, total) => this.#show({ sampling: `${done}/${total}` }),
    });
    state.sampledAt = step;
    this.#saving.unsaved = true;
    const png = network.frames > 1
      ? clipGridPng(images, network)
      : gridPng(images, network.imageSize);
    const written = await this.#saving.attempt(async () => {
      for (const recorder of recorders) await recorder.images?.(step, png);
    });
    if (written) {
      terminal.note(`Step ${step}: ${count} samples in ${samplePath(folder.path, step)}`);
    }
  }

  /** Shows what goes on between steps, and stops it when that is wanted. */
  #show(fields: Record<string, string>): void {
    if (this.#parts.stop.aborted) throw new Interrupted();
    this.#figures.show(fields);
  }
}

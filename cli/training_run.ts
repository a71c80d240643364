/**
 * A training run from its first step, or the one it was resumed at, to its last: steps, and what is
 * done between them.
 *
 * @module
 */
import type { Splits } from "../src/data/dataset.ts";
import type { Moments, Trainer } from "../src/train/trainer.ts";
import { TrainingBatches, validationBatches } from "./batches.ts";
import { CommandError, Interrupted } from "./errors.ts";
import { gridPng } from "./pictures.ts";
import type { MetricsLine, RunRecorder } from "./recorder.ts";
import type { RunFolder } from "./run_folder.ts";
import { RUN_START, type RunState } from "./run_state.ts";
import { samplePath } from "./sample_files.ts";
import type { Settings } from "./settings.ts";
import type { Terminal } from "./terminal.ts";

/** What a run is made from. */
export interface RunParts {
  /** The preset that the settings began from. */
  readonly preset: string;
  readonly trainer: Trainer;
  readonly splits: Splits;
  readonly settings: Settings;
  readonly folder: RunFolder;
  readonly recorders: readonly RunRecorder[];
  readonly terminal: Terminal;
  /** Aborted when the person wants to stop. */
  readonly stop: AbortSignal;
}

/** Decay of the loss's average. */
const AVERAGE_DECAY = 0.98;

/** Steps whose figures are unread at most; the trainer keeps 64. */
const MAX_UNREAD = 32;

/** Milliseconds between looks at the figures. Each look lets the device run dry for a moment. */
const COLLECT_EVERY = 500;

/** Samples of the grids on the way, the first ones of the last grid. */
const SAMPLES_ON_THE_WAY = 16;

/** Samples made at a time. */
const SAMPLE_BATCH = 32;

/** One run. */
export class TrainingRun {
  #parts: RunParts;
  #state: RunState;
  #batches: TrainingBatches;
  /** The step of the checkpoint that lies in the folder. */
  #savedAt: number;
  /** Whether something has changed since then. */
  #unsaved: boolean;
  /** The figures on the progress bar. */
  #shown: Record<string, string> = {};
  #collectedAt = { time: 0, step: 0 };

  /** @param state where a resumed run stood; none for a new one */
  constructor(parts: RunParts, state?: RunState) {
    const { splits, settings, trainer } = parts;
    this.#parts = parts;
    this.#state = state ?? RUN_START;
    const { network: { imageSize }, training: { seed, batchSize, steps }, run: { flip } } =
      settings;
    this.#batches = new TrainingBatches(splits.train, { seed, batchSize, imageSize, flip, steps });
    this.#unsaved = state === undefined;
    this.#savedAt = trainer.stepsDone;
  }

  /**
   * Trains to the last step, or until it is stopped, and leaves a checkpoint of the last step done.
   *
   * @throws {CommandError} when the loss is not finite any more, or a file can't be written
   */
  async go(): Promise<"finished" | "stopped"> {
    const { trainer, terminal, stop, settings: { training: { steps } } } = this.#parts;
    this.#collectedAt = { time: performance.now(), step: trainer.stepsDone };
    terminal.progress(trainer.stepsDone, steps);
    for (const recorder of this.#parts.recorders) await recorder.rewind?.(trainer.stepsDone);
    // From here on there is always a checkpoint to go on from.
    if (this.#unsaved) await this.#save();
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
    await this.#collect();
    if (this.#unsaved) await this.#save();
    terminal.progress(trainer.stepsDone, steps, this.#shown);
    terminal.finish();
    return stopped ? "stopped" : "finished";
  }

  async #step(): Promise<void> {
    const { trainer, settings: { run } } = this.#parts;
    const step = trainer.stepsDone;
    const measure = (step + 1) % run.logEvery === 0;
    const { images } = await this.#batches.at(step);
    await trainer.enqueue(images, measure);
    this.#unsaved = true;
    const { time, step: collected } = this.#collectedAt;
    const due = performance.now() - time > COLLECT_EVERY || step + 1 - collected >= MAX_UNREAD;
    if (measure) await this.#collect(await trainer.moments());
    else if (due) await this.#collect();
  }

  /** Reads, logs and shows the figures of the steps since the last time, the last one with `moments`. */
  async #collect(moments?: Record<string, Moments>): Promise<void> {
    const { trainer, terminal, settings: { training } } = this.#parts;
    const figures = await trainer.figures();
    if (figures.length === 0) return;
    const now = performance.now();
    const seconds = (now - this.#collectedAt.time) / 1000;
    const imagesPerSecond = Number((figures.length * training.batchSize / seconds).toPrecision(4));
    const dataWait = Number((this.#batches.takeWait() / (1000 * seconds)).toFixed(4));
    this.#collectedAt = { time: now, step: trainer.stepsDone };
    const bad = figures.find(({ finite }) => !finite);
    const epochSize = this.#batches.set.count;
    const lines = figures.filter(({ finite }) => finite).map((figure): MetricsLine => {
      const { step, loss, lr, gradientNorm } = figure;
      const before = this.#state.lossAverage ?? loss;
      const lossAverage = AVERAGE_DECAY * before + (1 - AVERAGE_DECAY) * loss;
      this.#state = { ...this.#state, lossAverage };
      const epoch = Number((step * training.batchSize / epochSize).toFixed(3));
      return { step, epoch, loss, lossAverage, lr, gradientNorm, imagesPerSecond, dataWait };
    });
    if (moments && !bad) lines.push({ ...lines.pop()!, moments });
    await this.#log(lines);
    if (bad) throw this.#diverged(bad.step);
    const { loss } = figures[figures.length - 1];
    this.#shown = {
      loss: this.#state.lossAverage!.toFixed(4),
      last: loss.toFixed(4),
      "img/s": imagesPerSecond.toPrecision(3),
    };
    terminal.progress(trainer.stepsDone, training.steps, this.#shown);
  }

  #diverged(step: number): CommandError {
    const { folder, settings: { training } } = this.#parts;
    const kept = `the checkpoint of step ${this.#savedAt} in ${folder.path} is kept`;
    return new CommandError(
      `The loss or its gradient was no longer a finite number at step ${step}: stopped; ${kept}; ` +
        `try a lower --lr than ${training.lr}`,
    );
  }

  /** What is due after the last step done. A resumed run makes up for what it was stopped before. */
  async #chores(): Promise<void> {
    const { trainer, settings: { run, training } } = this.#parts;
    const step = trainer.stepsDone;
    if (step === 0) return;
    const last = step === training.steps;
    const due = (every: number) => last || step % every === 0;
    const validate = due(run.validEvery) && this.#state.validatedAt < step;
    const sample = due(run.sampleEvery) && this.#state.sampledAt < step;
    const save = due(run.saveEvery) && this.#unsaved;
    if (!validate && !sample && !save) return;
    await this.#collect();
    if (validate) await this.#validate(step);
    if (sample) await this.#sample(step, last ? run.sampleCount : SAMPLES_ON_THE_WAY);
    if (save || validate) await this.#save();
    // The time that chores take says nothing of how fast training goes.
    this.#collectedAt = { time: performance.now(), step };
  }

  async #validate(step: number): Promise<void> {
    const { trainer, folder, splits, settings: { run, network } } = this.#parts;
    const validLoss = await trainer.validate(
      validationBatches(
        splits.valid,
        network.imageSize,
        run.validCount,
        (done, total) => this.#show({ validating: `${done}/${total}` }),
      ),
    );
    trainer.observe(validLoss);
    this.#unsaved = true;
    const { bestValidLoss } = this.#state;
    const best = Number.isFinite(validLoss) &&
      (bestValidLoss === null || validLoss < bestValidLoss);
    this.#state = {
      ...this.#state,
      validatedAt: step,
      bestValidLoss: best ? validLoss : bestValidLoss,
    };
    await this.#log([{ step, validLoss }]);
    if (best) await folder.writeBest(await this.#checkpoint());
    this.#parts.terminal.note(`Step ${step}: validation loss ${validLoss.toFixed(4)}`);
  }

  async #sample(step: number, wanted: number): Promise<void> {
    const { trainer, folder, recorders, terminal, settings: { run, network } } = this.#parts;
    const count = Math.min(wanted, run.sampleCount);
    const images = await trainer.average.sample({
      count,
      steps: run.sampleSteps,
      batchSize: SAMPLE_BATCH,
      onStep: (done, total) => this.#show({ sampling: `${done}/${total}` }),
    });
    const png = gridPng(images, network.imageSize);
    for (const recorder of recorders) await recorder.images?.(step, png);
    this.#state = { ...this.#state, sampledAt: step };
    this.#unsaved = true;
    terminal.note(`Step ${step}: ${count} samples in ${samplePath(folder.path, step)}`);
  }

  async #log(lines: readonly MetricsLine[]): Promise<void> {
    for (const recorder of this.#parts.recorders) await recorder.scalars?.(lines);
  }

  /** Shows what goes on between steps, and stops it when that is wanted. */
  #show(fields: Record<string, string>): void {
    const { trainer, terminal, stop, settings: { training } } = this.#parts;
    if (stop.aborted) throw new Interrupted();
    terminal.progress(trainer.stepsDone, training.steps, fields);
  }

  async #save(): Promise<void> {
    const { recorders, folder } = this.#parts;
    for (const recorder of recorders) await recorder.sync?.();
    await folder.writeLast(await this.#checkpoint());
    this.#savedAt = this.#parts.trainer.stepsDone;
    this.#unsaved = false;
  }

  #checkpoint(): Promise<Uint8Array<ArrayBuffer>> {
    const { trainer, splits, settings, preset } = this.#parts;
    return trainer.save({
      preset,
      run: settings.run,
      images: splits.train.count,
      state: this.#state,
    });
  }
}

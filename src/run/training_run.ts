/**
 * A training run from its first step, or the one it was resumed at, to its last: steps, and the
 * work between them.
 *
 * @module
 */
import { SamplingError } from "../diffusion/errors.ts";
import type { Rin } from "../diffusion/rin.ts";
import type { SampleOptions } from "../diffusion/sample_options.ts";
import { exampleSize } from "../model/example.ts";
import type { Peers } from "../train/peers.ts";
import { clipGridPng } from "../picture/clips.ts";
import { gridPng } from "../picture/pictures.ts";
import { contextSize } from "../diffusion/context.ts";
import { TrainingBatches, validationBatches, validationContexts } from "./batches.ts";
import type { Activity } from "./events.ts";
import { MetricsCollector } from "./metrics_collector.ts";
import type { RunParts } from "./run_parts.ts";
import { samplePath } from "./sample_files.ts";
import { Saving } from "./saving.ts";
import { anyOf } from "./together.ts";

/** Samples of the grids on the way, the first ones of the last grid. */
const SAMPLES_ON_THE_WAY = 16;

/** Samples made at a time. */
const SAMPLE_BATCH = 32;

/** One run. */
export class TrainingRun {
  #parts: RunParts;
  #batches: TrainingBatches;
  #metrics: MetricsCollector;
  #saving: Saving;
  /** Whether a due checkpoint waits for a step that is not skipped. */
  #overdue = false;

  /** @param resumed whether trainer and state come from the folder's last checkpoint */
  constructor(parts: RunParts, resumed: boolean) {
    const { data, settings: { network, training, run: { flip } } } = parts;
    const { seed, batchSize, steps } = training;
    const { places } = parts.trainer;
    const batches = { seed, batchSize, picture: network, flip, steps, places };
    this.#parts = parts;
    this.#batches = new TrainingBatches(data.train, batches);
    this.#saving = new Saving(parts, resumed);
    this.#metrics = new MetricsCollector(parts, this.#batches, this.#saving);
  }

  /**
   * Trains to the last step, or until it is stopped, and leaves a checkpoint of the last step done.
   *
   * @throws {NotFiniteError} when steps are not finite, and the settings or their number ask to stop
   * @throws {FileError} when a file can't be written, and the settings ask to stop then; or when the
   * last checkpoint can't be written
   * @throws {DeviceLostError} when the device is lost
   */
  async go(): Promise<"finished" | "stopped"> {
    const { trainer, device, dataChanged, loggers, emit, settings: { training: { steps } } } =
      this.#parts;
    const step = trainer.stepsDone;
    for (const logger of loggers) await logger.start?.({ step, device, dataChanged });
    // From here on there is always a checkpoint to resume from.
    if (this.#saving.unsaved) await this.#saving.save();
    this.#saving.check();
    this.#metrics.resetClock();
    this.#metrics.show();
    const stopped = await this.#stoppedBefore(steps);
    emit({ type: "stopping", step: trainer.stepsDone });
    await this.#metrics.collect();
    if (this.#saving.unsaved) await this.#saving.save();
    this.#metrics.show();
    emit({ type: "ended", step: trainer.stepsDone });
    for (const logger of loggers) await logger.end?.();
    this.#saving.check();
    return stopped ? "stopped" : "finished";
  }

  /** Trains; returns whether it was stopped, during a step or the work after it. */
  async #stoppedBefore(steps: number): Promise<boolean> {
    const { trainer, signal, peers } = this.#parts;
    try {
      await this.#betweenSteps();
      while (trainer.stepsDone < steps && !await anyOf(peers, signal.aborted)) {
        await this.#step();
        await this.#betweenSteps();
      }
      return trainer.stepsDone < steps;
    } catch (thrown) {
      if (!signal.aborted || thrown !== signal.reason) throw thrown;
      return true;
    }
  }

  async #step(): Promise<void> {
    const { trainer, settings: { run } } = this.#parts;
    const step = trainer.stepsDone;
    const measure = (step + 1) % run.logEvery === 0;
    const { images, labels } = await this.#batches.at(step);
    await trainer.enqueue(images, { labels, measure });
    this.#saving.unsaved = true;
    if (measure) await this.#metrics.collect(await trainer.moments());
    else if (this.#metrics.due) await this.#metrics.collect();
  }

  /** Does the work that is due after the last step. A resumed run makes up for missed work. */
  async #betweenSteps(): Promise<void> {
    const { trainer, state, settings: { run, training } } = this.#parts;
    const step = trainer.stepsDone;
    if (step === 0) return;
    const last = step === training.steps;
    const due = (every: number) => last || step % every === 0;
    const validate = due(run.validEvery) && state.validatedAt < step;
    const sample = due(run.sampleEvery) && state.sampledAt < step;
    const save = this.#saving.due || this.#overdue;
    if (!validate && !sample && !save) return;
    await this.#metrics.collect();
    if (validate) await this.#validate(step);
    if (sample) await this.#sample(step, last ? run.sampleCount : SAMPLES_ON_THE_WAY);
    // A network that skips steps can stay broken: the checkpoint before it is worth more.
    this.#overdue = (save || validate) && state.skippedInRow > 0;
    if ((save || validate) && !this.#overdue) await this.#saving.save();
    this.#metrics.resetClock();
  }

  async #validate(step: number): Promise<void> {
    const { trainer, data, loggers, state, emit, settings: { run, network } } = this.#parts;
    const batches = validationBatches(
      data.valid,
      network,
      run.validCount,
      (done, total) => this.#show({ name: "validating", done, total }),
    );
    const validLoss = await trainer.validate(batches);
    trainer.observe(validLoss);
    state.validatedAt = step;
    this.#saving.observe(validLoss);
    for (const logger of loggers) await logger.metrics?.([{ step, validLoss }]);
    emit({ type: "validated", step, validLoss });
  }

  async #sample(step: number, wanted: number): Promise<void> {
    const { trainer, data, folder, loggers, state, emit, peers, settings: { run, network } } =
      this.#parts;
    const count = Math.min(wanted, run.sampleCount);
    const { numClasses, contextFrames } = network;
    const given = contextFrames > 0
      ? await validationContexts(data.valid, network, count, run.sampleCount)
      : undefined;
    const images = await samplesOf(peers, trainer.average, {
      labels: numClasses > 0
        ? Array.from({ length: count }, (_, i) => given?.labels?.[i] ?? i % numClasses)
        : undefined,
      context: given?.context,
      count,
      sampler: run.sampleSampler,
      steps: run.sampleSteps,
      variance: run.sampleVariance,
      sampleSchedule: run.sampleSchedule,
      batchSize: SAMPLE_BATCH,
      onStep: (done, total) => this.#show({ name: "sampling", done, total }),
    });
    state.sampledAt = step;
    this.#saving.unsaved = true;
    if (images instanceof SamplingError) {
      return emit({ type: "samplingFailed", step, error: images });
    }
    const png = network.frames > 1 ? clipGridPng(images, network) : gridPng(images, network);
    const written = await this.#saving.attempt(async () => {
      for (const logger of loggers) await logger.samples?.(step, png);
    });
    if (written) emit({ type: "sampled", step, count, path: samplePath(folder.path, step) });
  }

  /** Reports the activity between steps, and stops it on request. */
  #show(activity: Activity): void {
    // Several processes stop together, after their next step.
    if (this.#parts.peers.size === 1) this.#parts.signal.throwIfAborted();
    this.#metrics.show(activity);
  }
}

/** Samples that processes make in equal shares, or why there are none. */
async function samplesOf(
  peers: Peers,
  rin: Rin,
  options: SampleOptions & { readonly count: number },
): Promise<Float32Array<ArrayBuffer> | SamplingError> {
  if (peers.size === 1) return await finiteSamples(rin, options);
  const { count, labels, context } = options;
  const share = Math.ceil(count / peers.size);
  const first = Math.min(count, peers.rank * share);
  const indices = Array.from({ length: Math.min(share, count - first) }, (_, i) => first + i);
  const given = contextSize(rin.config);
  const own = indices.length === 0 ? new Float32Array() : await finiteSamples(rin, {
    ...options,
    indices,
    labels: labels && indices.map((index) => labels[index]),
    context: context?.slice(first * given, (first + indices.length) * given),
  });
  const failed = own instanceof SamplingError;
  const each = exampleSize(rin.config);
  const padded = new Float32Array(share * each);
  if (!failed) padded.set(own);
  const broken = await peers.gather(Float32Array.of(failed ? own.index : -1));
  const index = broken.find((index) => index >= 0);
  if (index !== undefined) return new SamplingError(index);
  return (await peers.gather(padded)).slice(0, count * each);
}

/** Samples, or why there are none: a run is worth more than its pictures on the way. */
async function finiteSamples(
  rin: Rin,
  options: SampleOptions,
): Promise<Float32Array<ArrayBuffer> | SamplingError> {
  try {
    return await rin.sample(options);
  } catch (thrown) {
    if (thrown instanceof SamplingError) return thrown;
    throw thrown;
  }
}

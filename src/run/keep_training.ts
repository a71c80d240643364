/**
 * Training that outlives the loss of its GPU.
 *
 * @module
 */
import type { Splits } from "../data/dataset.ts";
import { type Gpu, requestGpu } from "../device/webgpu/gpu.ts";
import { DeviceLostError, NoGpuError } from "../device/errors.ts";
import { Trainer } from "../train/trainer.ts";
import { recordersOf } from "./loggers.ts";
import { flatten } from "../../cli/options/resolve.ts";
import { type OpenedRun, readSavedRun } from "./saved_run.ts";
import { RUN_START, type RunState } from "./run_state.ts";
import type { Terminal } from "../../cli/terminal/terminal.ts";
import { TrainingRun } from "./training_run.ts";

/** What is trained, on what. */
export interface TrainingParts {
  readonly opened: OpenedRun;
  readonly splits: Splits;
  /** The first GPU; destroyed at the end, as are those that follow it. */
  readonly gpu: Gpu;
  readonly terminal: Terminal;
  /** Aborted when the person wants to stop. */
  readonly stop: AbortSignal;
  /** How another GPU is asked for; {@linkcode requestGpu} unless told. */
  readonly request?: () => Promise<Gpu>;
  /** Seconds to wait each time before a GPU is asked for; an hour in all unless told. */
  readonly waits?: readonly number[];
}

/** How a run ended, and the last step done. */
export interface Ended {
  readonly ended: "finished" | "stopped";
  readonly step: number;
}

/** A driver comes back within seconds, a machine's update within the hour. */
const WAITS = [1, 2, 4, 8, 16, 32, ...new Array<number>(60).fill(60)];

/** Losses before another checkpoint is reached, after which the run ends. */
const MAX_LOSSES = 5;

/**
 * Trains to the end, or until it is stopped. When the GPU is lost, asks for it again and goes on
 * from the last checkpoint.
 *
 * @throws {DeviceLostError} when none comes back, or it is lost again and again
 * @throws {CommandError} for the reasons of {@linkcode TrainingRun.go}
 */
export async function keepTraining(parts: TrainingParts): Promise<Ended> {
  const { opened: { folder }, terminal } = parts;
  let gpu: Gpu | undefined = parts.gpu;
  let losses = { after: -1, count: 0 };
  while (gpu) {
    try {
      return await train(gpu, parts);
    } catch (thrown) {
      const lost = await lossOf(gpu, thrown);
      if (lost === undefined || !await folder.hasCheckpoint()) throw thrown;
      terminal.finish();
      const { run: { step } } = await readSavedRun(folder.path);
      losses = { after: step, count: losses.after === step ? losses.count + 1 : 1 };
      if (losses.count === MAX_LOSSES) {
        throw new DeviceLostError(
          `${lost.message}: ${MAX_LOSSES} times after step ${step} and before another checkpoint; ` +
            `a smaller --batch-size or --save-every may help`,
        );
      }
      terminal.warn(`${lost.message}; asking for it again, to go on after step ${step}`);
    } finally {
      gpu.destroy();
    }
    gpu = await askAgain(parts);
  }
  return { ended: "stopped", step: losses.after };
}

async function train(gpu: Gpu, parts: TrainingParts): Promise<Ended> {
  const { opened, splits, terminal, stop } = parts;
  const { preset, settings, folder } = opened;
  const { steps } = settings.training;
  const { trainer, state, resumed } = await openTrainer(gpu, opened);
  await folder.writeConfig({ preset, ...flatten(settings) });
  const start = trainer.stepsDone;
  terminal.note(
    start >= steps
      ? `All ${steps} steps of ${folder.path} are done: to go on, give more --steps`
      : resumed
      ? `Going on after step ${start} of ${steps} in ${folder.path}`
      : `Training for ${steps} steps into ${folder.path}`,
  );
  const recorders = recordersOf(folder.path, gpu.description);
  const run = new TrainingRun(
    { preset, trainer, splits, settings, folder, recorders, state, terminal, stop },
    resumed,
  );
  const ended = await run.go();
  return { ended, step: trainer.stepsDone };
}

/** The trainer of a new run, or of the folder's last checkpoint where there is one. */
export async function openTrainer(
  gpu: Gpu,
  { settings: { network, training }, folder }: OpenedRun,
): Promise<{ trainer: Trainer; state: RunState; resumed: boolean }> {
  if (!await folder.hasCheckpoint()) {
    const trainer = await Trainer.create(gpu, network, training);
    return { trainer, state: { ...RUN_START }, resumed: false };
  }
  const { bytes, run: { state } } = await readSavedRun(folder.path);
  const trainer = await Trainer.resume(gpu, bytes, training);
  return { trainer, state: { ...RUN_START, ...state }, resumed: true };
}

/** What became of the device where that is why something failed. */
async function lossOf(gpu: Gpu, thrown: unknown): Promise<DeviceLostError | undefined> {
  if (thrown instanceof DeviceLostError) return thrown;
  // Calls can fail in any manner before the news of the loss is there.
  await new Promise((resolve) => setTimeout(resolve, 0));
  try {
    gpu.check();
  } catch (fault) {
    if (fault instanceof DeviceLostError) return fault;
  }
}

/** Another GPU; undefined when it is waited for in vain and the person wants to stop. */
async function askAgain(
  { stop, request = requestGpu, waits = WAITS }: TrainingParts,
): Promise<Gpu | undefined> {
  let refused: unknown;
  for (const seconds of waits) {
    await pause(1000 * seconds, stop);
    if (stop.aborted) return undefined;
    try {
      return await request();
    } catch (thrown) {
      if (!(thrown instanceof NoGpuError)) throw thrown;
      refused = thrown;
    }
  }
  throw new DeviceLostError(
    `The GPU was lost and did not come back: ${(refused as Error).message}`,
  );
}

/** Waits, or until it is aborted. */
function pause(milliseconds: number, stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      stop.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    stop.addEventListener("abort", end);
    if (stop.aborted) end();
  });
}

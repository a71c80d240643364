/**
 * Training that outlives the loss of its device.
 *
 * @module
 */
import type { Device } from "../device/device.ts";
import { DeviceLostError, NoGpuError } from "../device/errors.ts";
import { ALONE, type Peers } from "../train/peers.ts";
import { Trainer } from "../train/trainer.ts";
import type { Devices } from "./devices.ts";
import { RepeatedLossError } from "./errors.ts";
import type { RunEvent } from "./events.ts";
import type { Logger } from "./logger.ts";
import type { OpenedRun } from "./open_run.ts";
import type { TrainingData } from "./run_parts.ts";
import { RUN_START, type RunState } from "./run_state.ts";
import { readSavedRun } from "./saved_run.ts";
import { flatten } from "./settings.ts";
import { beginningOf } from "./together.ts";
import { TrainingRun } from "./training_run.ts";

/** The trainer and its data. */
export interface TrainingParts {
  readonly opened: OpenedRun;
  readonly data: TrainingData;
  readonly devices: Devices;
  readonly loggers: readonly Logger[];
  readonly emit: (event: RunEvent) => void;
  /** Stops the run when it is aborted. */
  readonly signal: AbortSignal;
  /** Processes that train the run together. */
  readonly peers?: Peers;
  /** Seconds to wait each time before requesting another device; by default an hour in all. */
  readonly waits?: readonly number[];
}

/** How a run ended, and the last step done. */
export interface Ended {
  /** Whether it reached its last step, or was stopped before. */
  readonly ended: "finished" | "stopped";
  /** The last step done; the last checkpoint is from it. */
  readonly step: number;
}

/** A driver comes back within seconds, a machine's update within the hour. */
const WAITS = [1, 2, 4, 8, 16, 32, ...new Array<number>(60).fill(60)];

/** Losses before another checkpoint is reached, after which the run ends. */
const MAX_LOSSES = 5;

/**
 * Trains to the end, or until it is stopped. When the device is lost, asks for another and resumes
 * from the last checkpoint.
 *
 * @throws {DeviceLostError} when none comes back, or it is lost again and again
 * @throws {Error} for the reasons of {@linkcode TrainingRun.go}
 */
export async function keepTraining(parts: TrainingParts): Promise<Ended> {
  const { opened: { folder }, devices, emit, peers = ALONE } = parts;
  let device: Device | undefined = devices.first;
  let losses = { after: -1, count: 0 };
  while (device) {
    try {
      return await trainOn(device, parts);
    } catch (thrown) {
      const lost = await lossOf(device, thrown);
      // The others can't wait for a device: the run is to be resumed.
      const alone = peers.size === 1;
      const goesOn = lost && alone && devices.request && await folder.hasCheckpoint();
      if (!goesOn) throw thrown;
      const { run: { step } } = await readSavedRun(folder.path);
      losses = { after: step, count: losses.after === step ? losses.count + 1 : 1 };
      if (losses.count === MAX_LOSSES) {
        throw new RepeatedLossError((nameOf) =>
          `${lost.message}: ${MAX_LOSSES} times after step ${step} and before another checkpoint; ` +
          `a smaller ${nameOf("batchSize")} or ${nameOf("saveEvery")} may help`
        );
      }
      emit({ type: "deviceLost", step, error: lost });
    } finally {
      devices.giveBack(device);
    }
    device = await askAgain(parts, device.backend);
  }
  return { ended: "stopped", step: losses.after };
}

async function trainOn(
  device: Device,
  { opened, data, devices, loggers, emit, signal, peers = ALONE }: TrainingParts,
): Promise<Ended> {
  const { preset, settings, folder, dataChanged } = opened;
  const { trainer, state, resumed } = await openTrainer(device, opened, peers);
  try {
    if (trainer.begun) emit({ type: "begun", ...trainer.begun });
    if (peers.rank === 0) await folder.writeConfig({ preset, ...flatten(settings) });
    emit({ type: "started", folder: folder.path, settings, step: trainer.stepsDone, resumed });
    const run = new TrainingRun({
      preset,
      trainer,
      device: peers.size === 1 ? device.description : `${peers.size} x ${device.description}`,
      data,
      dataChanged,
      settings,
      folder,
      loggers,
      state,
      emit,
      signal,
      peers,
    }, resumed);
    return { ended: await run.go(), step: trainer.stepsDone };
  } finally {
    // A device that is given back frees everything at once.
    if (!devices.request) trainer.destroy();
  }
}

/**
 * The trainer of a new run, or of the folder's last checkpoint where there is one; with peers, that
 * of rank 0.
 */
export async function openTrainer(
  device: Device,
  { settings: { network, training }, folder, init }: Pick<
    OpenedRun,
    "settings" | "folder" | "init"
  >,
  peers: Peers = ALONE,
): Promise<{ trainer: Trainer; state: RunState; resumed: boolean }> {
  if (peers.rank > 0) {
    const { bytes, state, resumed } = await beginningOf(peers);
    return { trainer: await Trainer.resume(device, bytes, training, peers), state, resumed };
  }
  const resumed = await folder.hasCheckpoint();
  let [state, trainer]: [RunState, Trainer | undefined] = [{ ...RUN_START }, undefined];
  if (resumed) {
    const { bytes, run } = await readSavedRun(folder.path);
    trainer = await Trainer.resume(device, bytes, training, peers);
    state = { ...state, ...run.state };
  } else trainer = await Trainer.create(device, network, training, { init, peers });
  if (peers.size > 1) await peers.broadcast(await trainer.save({ state, resumed }));
  return { trainer, state, resumed };
}

/** The device's loss, where it explains a failure. */
async function lossOf(device: Device, thrown: unknown): Promise<DeviceLostError | undefined> {
  if (thrown instanceof DeviceLostError) return thrown;
  // Calls can fail in any manner before the loss is reported.
  await new Promise((resolve) => setTimeout(resolve, 0));
  try {
    device.check();
  } catch (fault) {
    if (fault instanceof DeviceLostError) return fault;
  }
}

/**
 * Another device of the kind that was lost: a GPU is waited for, since the CPU would be slower and
 * would compute other bits. Undefined when the run is stopped while it waits.
 */
async function askAgain(
  { signal, devices, waits = WAITS }: TrainingParts,
  backend: Device["backend"],
): Promise<Device | undefined> {
  let refused: unknown;
  for (const seconds of waits) {
    await pause(1000 * seconds, signal);
    if (signal.aborted) return undefined;
    try {
      const device = await devices.request!();
      if (device.backend === backend) return device;
      devices.giveBack(device);
      refused = new Error(`there is only ${device.description} now`);
    } catch (thrown) {
      if (!(thrown instanceof NoGpuError)) throw thrown;
      refused = thrown;
    }
  }
  throw new DeviceLostError(
    `The device was lost and did not come back: ${(refused as Error).message}`,
  );
}

/** Waits, or until it is aborted. */
function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    signal.addEventListener("abort", end);
    if (signal.aborted) end();
  });
}

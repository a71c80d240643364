/**
 * The needs of a run besides its folder: a device, and data.
 *
 * @module
 */
import type { ImageSet } from "../data/dataset.ts";
import type { Device } from "../device/device.ts";
import { readSize, sidesOf } from "../model/image_size.ts";
import { ConfigError, type RinConfig } from "../model/config.ts";
import { type DeviceRequest, type Devices, openDevices } from "./devices.ts";
import type { RunEvent } from "./events.ts";
import { loadData } from "./load_data.ts";
import type { Logger } from "./logger.ts";
import { withClasses } from "./match_classes.ts";
import type { OpenedRun } from "./open_run.ts";
import { ALONE, type Peers } from "../train/peers.ts";
import type { TrainingData } from "./run_parts.ts";
import { announce, expectSameData, expectSameDevices, inTurn } from "./together.ts";

/** Device, data and callbacks of a run, new or resumed. */
export interface RunContext {
  /**
   * The computing device, or a function that asks for one, such as `requestDevice`. With a function
   * the run asks again when a device is lost, resumes from its last checkpoint, and destroys the
   * devices that it got; a device given here stays the caller's, and its loss ends the run.
   */
  readonly device: Device | DeviceRequest;
  /**
   * The images, or clips, themselves, instead of the source that `run.data` names: to train on, and to
   * validate on (by default the same). They have the network's size, or a larger one, out of which
   * squares are cut at random. Classes, flips, and crops work as with a source; `run.validFraction`
   * and `run.labels` do nothing.
   */
  readonly data?: ImageSet | { readonly train: ImageSet; readonly valid: ImageSet };
  /**
   * Stops the run when it is aborted: after the current step, with a checkpoint of it. While data
   * are decoded, before the first step, the promise rejects with the signal's reason instead.
   */
  readonly signal?: AbortSignal;
  /** Loggers in addition to those of the run's folder. */
  readonly loggers?: readonly Logger[];
  /**
   * Processes that train the run together with this one; none by default. Rank 0 calls `train` or
   * `resumeTraining`, and the others call `joinTraining`.
   */
  readonly peers?: Peers;
  /** Receives events, for a display. An error that it throws ends the run. */
  readonly onEvent?: (event: RunEvent) => void;
}

/** A run that has everything it needs. */
export interface ReadyRun {
  /** With settings that include the classes of the data. */
  readonly opened: OpenedRun;
  readonly data: TrainingData;
  readonly devices: Devices;
}

/**
 * Gets device and data for an opened run, works with them, and releases them, the folder included.
 *
 * @throws {Error} for the reasons of `train`
 */
export async function prepareRun<T>(
  opened: OpenedRun,
  { device, data, signal, peers = ALONE, onEvent: emit = () => {} }: RunContext,
  work: (ready: ReadyRun) => Promise<T>,
): Promise<T> {
  const { settings } = opened;
  try {
    emit({ type: "opened", folder: opened.folder.path });
    if (peers.rank === 0) await announce(peers, opened);
    const devices = await openDevices(device);
    try {
      emit({ type: "device", device: devices.first });
      await expectSameDevices(peers, devices.first);
      if (peers.size > 1) {
        const each = `${peers.description}, each with ${devices.first.description}`;
        emit({ type: "note", sentence: `Training in ${each}` });
      }
      const given = setsOf(data);
      if (given) checkSets(given, settings.network);
      const load = () =>
        loadData(settings.run, settings.network, (event) => {
          if (event.type === "decoding") signal?.throwIfAborted();
          emit(event);
        });
      const loaded = given ? undefined : await inTurn(peers, load);
      try {
        const sets = given ?? loaded!;
        await expectSameData(peers, sets);
        const dataChanged = opened.checkData(sets);
        if (dataChanged !== undefined) {
          emit({ type: "note", sentence: `Continuing with changed data: ${dataChanged}` });
        }
        const matched = withClasses(settings, sets.train.classNames);
        const ready = { ...opened, settings: matched, dataChanged };
        return await work({ opened: ready, data: sets, devices });
      } finally {
        loaded?.close();
      }
    } finally {
      devices.giveBack(devices.first);
    }
  } finally {
    await opened.folder.close();
  }
}

/** Images to train on alone are those to validate on, too. */
export function setsOf(data: RunContext["data"]): TrainingData | undefined {
  return data === undefined || "train" in data ? data : { train: data, valid: data };
}

/** @throws {ConfigError} when images that were given can't be the network's */
function checkSets(
  { train, valid }: TrainingData,
  { imageSize, channels, frames }: RinConfig,
): void {
  for (const set of [train, valid]) {
    const { name, imageSize: stored, channels: own = 3, frames: length = 1, count } = set;
    if (count < 1) throw new ConfigError(`data of ${name} hold no images: expected one at least`);
    if (readSize(stored) === undefined) {
      throw new ConfigError(
        `data of ${name} have an imageSize of ${stored}: expected pixels, such as 64, or 64x96`,
      );
    }
    const [whole, part] = [stored, imageSize].map(sidesOf);
    if (whole.width < part.width || whole.height < part.height) {
      throw new ConfigError(
        `data of ${name} have an imageSize of ${stored}: expected ${imageSize}, the network's, or more`,
      );
    }
    if (own !== channels) {
      throw new ConfigError(
        `data of ${name} have ${own} channels: expected the network's ${channels}`,
      );
    }
    if (length !== frames) {
      throw new ConfigError(
        `data of ${name} have ${length} frames: expected the network's ${frames}`,
      );
    }
  }
}

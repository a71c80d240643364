/**
 * A run before it trains: its settings, and its folder, which belongs to this process.
 *
 * @module
 */
import { differences } from "../data/data_identity.ts";
import { readCheckpoint } from "../model/checkpoint.ts";
import { ConfigError, type RinConfig } from "../model/config.ts";
import type { TrainOptions } from "../train/options.ts";
import { RunError } from "./errors.ts";
import type { RunOptions } from "./options.ts";
import { PRESETS } from "./presets.ts";
import { RunFolder } from "./run_folder.ts";
import type { TrainingData } from "./run_parts.ts";
import { readSavedRun } from "./saved_run.ts";
import { completeSettings, type PartialSettings, type Settings } from "./settings.ts";

/** A new or resumed run. Its opener closes its folder. */
export interface OpenedRun {
  readonly preset: string;
  readonly settings: Settings;
  readonly folder: RunFolder;
  /** The checkpoint that a new run begins from, if it does. */
  readonly init?: Uint8Array;
  /**
   * Compares the data with those of a resumed run.
   *
   * @returns the differences, in words, where they are allowed; undefined where there are none
   * @throws {RunError} when something differs and that was not allowed
   */
  readonly checkData: (data: TrainingData) => string | undefined;
  /** The difference from the data before, in words. */
  readonly dataChanged?: string;
}

/** A training option that a run keeps from its first step to its last. */
export type FixedTrainingOption = "batchSize" | "seed";

/** A run option that a run keeps from its first step to its last. */
export type FixedRunOption =
  | "flip"
  | "validFraction"
  | "cropScale"
  | "frameStride"
  | "folders"
  | "labels"
  | "labelAttribute";

/** The options that a run keeps from its first step to its last. */
export const FIXED_OPTIONS: readonly (FixedTrainingOption | FixedRunOption)[] = [
  "batchSize",
  "seed",
  "flip",
  "validFraction",
  "cropScale",
  "frameStride",
  "folders",
  "labels",
  "labelAttribute",
];

/** Settings that can change when a run resumes. */
export interface ResumeChanges {
  /** Fields of the training that change. */
  readonly training?: Partial<Omit<TrainOptions, FixedTrainingOption>>;
  /** Fields of the rest that change. */
  readonly run?: Partial<Omit<RunOptions, FixedRunOption>>;
  /**
   * Whether to resume with data other than those that the run trained on; false by default.
   * `sessions.jsonl` records the differences.
   */
  readonly allowChangedData?: boolean;
}

/**
 * Opens the folder of a new run.
 *
 * @param path the folder; created if missing
 * @param preset the name of the settings that `given` changes
 * @param more.dataName name of the data where they come from no source
 * @param more.force whether files of something else in the folder are written over
 * @param more.init a checkpoint to begin from: its network wins over the preset's
 * @throws {ConfigError} when a setting makes no sense
 * @throws {CheckpointError} when `init` is no checkpoint
 * @throws {RunError} when there is a run already, or another process trains into the folder
 * @throws {FileError} when the folder can't be made
 */
export async function createRun(
  path: string,
  preset: string,
  given: PartialSettings,
  { dataName, force, init }: {
    readonly dataName?: string;
    readonly force?: boolean;
    readonly init?: Uint8Array;
  } = {},
): Promise<OpenedRun> {
  if (!Object.hasOwn(PRESETS, preset)) {
    const known = Object.keys(PRESETS).join(", ");
    throw new ConfigError(`preset is "${preset}": expected one of ${known}`);
  }
  const base = PRESETS[preset];
  const { network, training, run } = completeSettings({
    network: { ...base.network, ...init && networkToBegin(init), ...given.network },
    training: { ...base.training, ...given.training },
    run: { ...base.run, ...given.run },
  });
  // A run can be resumed from another folder. The data reader reports missing files.
  const absolute = async (path: string, words: readonly string[]) =>
    words.includes(path) ? path : await Deno.realPath(path).catch(() => path);
  const places = {
    data: dataName ?? await absolute(run.data, ["", "faces", "emoji"]),
    labels: await absolute(run.labels, ["none", "auto"]),
  };
  // Its samples would be among the pictures when it is resumed.
  if (dataName === undefined && await absolute(path, []) === places.data) {
    throw new RunError((nameOf) =>
      `Cannot train in ${path}: it is the folder of the data; choose another ${nameOf("out")}`
    );
  }
  return {
    preset,
    settings: { network, training, run: { ...run, ...places } },
    folder: await RunFolder.create(path, force),
    init,
    checkData: () => undefined,
  };
}

/**
 * The network of a run that begins from a checkpoint: the checkpoint's, but for its classes, which
 * follow from the new run's data.
 *
 * @throws {CheckpointError} when it is no checkpoint
 */
export function networkToBegin(init: Uint8Array): Partial<RinConfig> {
  const { numClasses: _, ...network } = readCheckpoint(init).config;
  return network;
}

/**
 * Opens the folder of a run to resume.
 *
 * @throws {ConfigError} when a change makes no sense, or would make it another run
 * @throws {RunError} when there is no run, or it is beyond the requested steps
 * @throws {CheckpointError} when its checkpoint can't be used
 */
export async function reopenRun(given: string, changes: ResumeChanges): Promise<OpenedRun> {
  refuseFixed(changes);
  const path = given.replace(/(?<=.)[/\\]+$/, "");
  const info = await Deno.stat(path).catch(() => undefined);
  if (!info?.isDirectory) {
    const found = info ? "it is a file, not a run's folder" : "there is no such folder";
    throw new RunError(() => `Cannot resume ${path}: ${found}`);
  }
  const folder = await RunFolder.open(path);
  try {
    return await continued(folder, changes);
  } catch (thrown) {
    await folder.close();
    throw thrown;
  }
}

function refuseFixed({ training = {}, run = {} }: ResumeChanges): void {
  const given = { ...training, ...run };
  const fixed = FIXED_OPTIONS.find((key) => key in given);
  if (fixed === undefined) return;
  throw new ConfigError(
    `${fixed} can't be given when a run is resumed: it would be another run; leave it out, or ` +
      `begin a new run`,
  );
}

async function continued(folder: RunFolder, changes: ResumeChanges): Promise<OpenedRun> {
  const { path } = folder;
  const { config, run: { step, options, preset, run, images, data: before } } = await readSavedRun(
    path,
  );
  const settings = completeSettings({
    network: config,
    training: { ...options, ...changes.training },
    run: { ...run, ...changes.run },
  });
  if (settings.training.steps < step) {
    throw new RunError((nameOf) =>
      `Cannot resume ${path} to step ${settings.training.steps}: it is at step ${step} already; ` +
      `give more ${nameOf("steps")}`
    );
  }
  const checkData = ({ train: { count }, identity }: TrainingData) => {
    // Only their number tells apart the images that a program gives.
    const other = before && identity && differences(before, identity);
    const changed = count !== images
      ? `it trained on ${images} images, where there are ${count} now`
      : other && `${other} changed`;
    if (!changed) return undefined;
    if (changes.allowChangedData) return changed;
    throw new RunError((nameOf) =>
      `Cannot resume ${path} on ${settings.run.data}: ${changed}; put the data back, begin a new ` +
      `run, or give ${nameOf("allowChangedData")} to train on these anyway`
    );
  };
  return { preset, settings, folder, checkData };
}

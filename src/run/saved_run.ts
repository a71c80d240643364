/**
 * What `rin train --resume` goes on from.
 *
 * @module
 */
import type { RinConfig } from "../model/config.ts";
import { CheckpointError } from "../model/safetensors.ts";
import { openCheckpoint } from "./checkpoint_file.ts";
import { CommandError, UsageError } from "../../cli/errors.ts";
import { flagOf, type Given } from "../../cli/options/options.ts";
import { completeSettings, type Fields, only } from "../../cli/options/resolve.ts";
import { RunFolder } from "./run_folder.ts";
import type { RunOptions, Settings } from "../../cli/options/fields.ts";
import type { RunState } from "./run_state.ts";

/** A new run, or one that goes on. */
export interface OpenedRun {
  readonly preset: string;
  readonly settings: Settings;
  readonly folder: RunFolder;
  /** @throws {CommandError} when the images of a run that goes on are not as many as they were */
  readonly checkImages: (count: number) => void;
}

/** What would make the run another one. */
const FIXED = [
  "preset",
  "config",
  "out",
  "batchSize",
  "seed",
  "flip",
  "validFraction",
  "cropScale",
  "frameStride",
  "labels",
  "labelAttribute",
];

/** What the CLI puts in a checkpoint's metadata, and the trainer. */
export interface SavedRun {
  readonly step: number;
  readonly options: Fields;
  readonly preset: string;
  readonly run: RunOptions;
  readonly images: number;
  readonly state: RunState;
}

/**
 * Opens the run in the folder given by `--resume`.
 *
 * @throws {UsageError} when a flag asks for what can't change any more
 * @throws {CommandError} when there is no checkpoint
 * @throws {CheckpointError} when it isn't one of a run
 */
export async function openRun({ flags }: Given): Promise<OpenedRun> {
  const { resume, profile: _p, quiet: _q, watch: _w, port: _o, ...changes } = flags;
  const fixed = Object.keys({ ...only("network", changes) });
  const refused = [...FIXED, ...fixed].find((key) => key in changes);
  if (refused !== undefined) {
    throw new UsageError(
      `${
        flagOf(refused)
      } can't be given with --resume: it would be another run; leave it out, or ` +
        `begin a new run`,
    );
  }
  const folder = String(resume).replace(/(?<=.)[/\\]+$/, "");
  const info = await Deno.stat(folder).catch(() => undefined);
  if (!info?.isDirectory) {
    throw new CommandError(
      `Cannot resume ${folder}: ${
        info ? "it is a file, not a run's folder" : "there is no such folder"
      }`,
    );
  }
  const opened = await RunFolder.open(folder);
  try {
    return await goOn(opened, changes);
  } catch (thrown) {
    await opened.close();
    throw thrown;
  }
}

async function goOn(opened: RunFolder, changes: Fields): Promise<OpenedRun> {
  const folder = opened.path;
  const { config, run: { step, options, preset, run, images } } = await readSavedRun(folder);
  const settings = completeSettings({
    ...config as unknown as Fields,
    ...options,
    ...run,
    ...changes,
  });
  if (settings.training.steps < step) {
    throw new CommandError(
      `Cannot resume ${folder} to step ${settings.training.steps}: it is at step ${step} already; ` +
        `give more --steps`,
    );
  }
  const checkImages = (count: number) => {
    if (count === images) return;
    throw new CommandError(
      `Cannot resume ${folder}: it trained on ${images} images of ${settings.run.data}, where there ` +
        `are ${count} now; put them back, or begin a new run`,
    );
  };
  return {
    preset,
    settings,
    folder: opened,
    checkImages,
  };
}

/**
 * Reads the checkpoint that a run goes on from.
 *
 * @throws {CommandError} when there is none
 * @throws {CheckpointError} when it isn't one of a run
 */
export async function readSavedRun(
  folder: string,
): Promise<{ bytes: Uint8Array<ArrayBuffer>; config: RinConfig; run: SavedRun }> {
  const { bytes, path, checkpoint: { config, training } } = await openCheckpoint(folder);
  const { options, run, state } = (training ?? {}) as unknown as SavedRun;
  if (!options || !run || !state) {
    throw new CheckpointError(`Cannot resume from ${path}: it was not saved by rin train`);
  }
  return { bytes, config, run: training as unknown as SavedRun };
}

/**
 * What `rin train --resume` goes on from.
 *
 * @module
 */
import { CheckpointError } from "../src/model/safetensors.ts";
import { openCheckpoint } from "./checkpoint_file.ts";
import { CommandError, UsageError } from "./errors.ts";
import { flagOf, type Given } from "./options.ts";
import { completeSettings, type Fields, only } from "./resolve.ts";
import { RunFolder } from "./run_folder.ts";
import type { RunOptions, Settings } from "./settings.ts";
import type { RunState } from "./run_state.ts";

/** A new run, or one that goes on. */
export interface OpenedRun {
  readonly preset: string;
  readonly settings: Settings;
  readonly folder: RunFolder;
  /** Where a run that goes on stood. */
  readonly saved?: {
    readonly bytes: Uint8Array<ArrayBuffer>;
    readonly state: RunState;
    /** @throws {CommandError} when the images are not as many as they were */
    readonly checkImages: (count: number) => void;
  };
}

/** What would make the run another one. */
const FIXED = ["preset", "config", "out", "batchSize", "seed", "flip", "validFraction"];

/** What the CLI puts in a checkpoint's metadata, and the trainer. */
interface SavedRun {
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
  const { resume, profile: _p, quiet: _q, ...changes } = flags;
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
  const { bytes, path, checkpoint: { config, training } } = await openCheckpoint(folder);
  const { step, options, preset, run, images, state } = (training ?? {}) as unknown as SavedRun;
  if (!options || !run || !state) {
    throw new CheckpointError(`Cannot resume from ${path}: it was not saved by rin train`);
  }
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
    folder: RunFolder.open(folder),
    saved: { bytes, state, checkImages },
  };
}

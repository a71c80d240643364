/**
 * The contents of a run's checkpoint besides the network and the optimizer.
 *
 * @module
 */
import type { DataIdentity } from "../data/data_identity.ts";
import type { RinConfig } from "../model/config.ts";
import { CheckpointError } from "../model/safetensors.ts";
import type { TrainOptions } from "../train/options.ts";
import { openCheckpoint } from "./checkpoint_file.ts";
import type { RunOptions } from "./options.ts";
import type { RunState } from "./run_state.ts";

/** A run's and its trainer's data in a checkpoint's metadata. */
export interface SavedRun {
  readonly step: number;
  readonly options: TrainOptions;
  readonly preset: string;
  readonly run: RunOptions;
  /** Images that it trains on. */
  readonly images: number;
  /** Identity of the data; absent where a program gave them. */
  readonly data?: DataIdentity;
  readonly state: RunState;
}

/** The checkpoint that a run resumes from. */
export interface RunCheckpoint {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly config: RinConfig;
  readonly run: SavedRun;
}

/**
 * Reads the checkpoint that a run resumes from.
 *
 * @throws {FileError} when there is none
 * @throws {CheckpointError} when it isn't one of a run
 */
export async function readSavedRun(folder: string): Promise<RunCheckpoint> {
  const { bytes, path, checkpoint: { config, training } } = await openCheckpoint(folder);
  const { options, run, state } = (training ?? {}) as unknown as SavedRun;
  if (!options || !run || !state) {
    throw new CheckpointError(`Cannot resume from ${path}: it was not saved by rin train`);
  }
  return { bytes, config, run: training as unknown as SavedRun };
}

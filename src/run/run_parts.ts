/**
 * Parts of a run.
 *
 * @module
 */
import type { Splits } from "../data/dataset.ts";
import type { Peers } from "../train/peers.ts";
import type { Trainer } from "../train/trainer.ts";
import type { RunEvent } from "./events.ts";
import type { Logger } from "./logger.ts";
import type { RunFolder } from "./run_folder.ts";
import type { RunState } from "./run_state.ts";
import type { Settings } from "./settings.ts";

/** The images to train on, and to validate on. */
export type TrainingData =
  & Pick<Splits, "train" | "valid">
  /** Absent where images were given that have none. */
  & Pick<Splits, "identity">;

/** Everything that the parts of a run share. */
export interface RunParts {
  /** The preset that the settings began from. */
  readonly preset: string;
  readonly trainer: Trainer;
  /** The computing device, in words. */
  readonly device: string;
  readonly data: TrainingData;
  /** How the data differ from those that the run trained on before, in words. */
  readonly dataChanged?: string;
  readonly settings: Settings;
  readonly folder: RunFolder;
  readonly loggers: readonly Logger[];
  readonly state: RunState;
  /** Receives events. */
  readonly emit: (event: RunEvent) => void;
  /** Stops the run when it is aborted. */
  readonly signal: AbortSignal;
  /** Processes that train the run together; the one of rank 0 writes its files. */
  readonly peers: Peers;
}

/**
 * What a run is made from.
 *
 * @module
 */
import type { Splits } from "../data/dataset.ts";
import type { Trainer } from "../train/trainer.ts";
import type { RunRecorder } from "./logger.ts";
import type { RunFolder } from "./run_folder.ts";
import type { RunState } from "./run_state.ts";
import type { Settings } from "../../cli/options/fields.ts";
import type { Terminal } from "../../cli/terminal/terminal.ts";

/** Everything that the parts of a run share. */
export interface RunParts {
  /** The preset that the settings began from. */
  readonly preset: string;
  readonly trainer: Trainer;
  readonly splits: Splits;
  readonly settings: Settings;
  readonly folder: RunFolder;
  readonly recorders: readonly RunRecorder[];
  readonly state: RunState;
  readonly terminal: Terminal;
  /** Aborted when the person wants to stop. */
  readonly stop: AbortSignal;
}

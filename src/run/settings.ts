/**
 * Everything that a run is made from.
 *
 * @module
 */
import { parseSchedule } from "../diffusion/schedule.ts";
import { completeConfig, DEFAULT_CONFIG, type RinConfig } from "../model/config.ts";
import {
  completeTrainOptions,
  DEFAULT_TRAIN_OPTIONS,
  type TrainOptions,
} from "../train/options.ts";
import { completeRunOptions, DEFAULT_RUN_OPTIONS, type RunOptions } from "./options.ts";

/** Network, training, and the rest. */
export interface Settings {
  /** The network's sizes and options. */
  readonly network: RinConfig;
  /** How it is trained. */
  readonly training: TrainOptions;
  /** Data and outputs. */
  readonly run: RunOptions;
}

/** Settings with some of their fields. */
export type PartialSettings = { readonly [S in keyof Settings]?: Partial<Settings[S]> };

/** The defaults of all fields. */
export const DEFAULT_SETTINGS: Settings = {
  network: DEFAULT_CONFIG,
  training: DEFAULT_TRAIN_OPTIONS,
  run: DEFAULT_RUN_OPTIONS,
};

/**
 * Fills in the defaults and checks the values.
 *
 * @throws {ConfigError} when a value is out of range or the sizes don't fit together
 */
export function completeSettings(
  { network = {}, training = {}, run = {} }: PartialSettings,
): Settings {
  const config = completeConfig(network);
  parseSchedule(config.schedule);
  return {
    network: config,
    training: completeTrainOptions(training),
    run: completeRunOptions(run),
  };
}

/** The fields of all sections together, as `config.json` holds them. */
export function flatten({ network, training, run }: Settings): Readonly<Record<string, unknown>> {
  return { ...network, ...training, ...run };
}

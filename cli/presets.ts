/**
 * Named settings. They stand here and not in the library because a preset joins what only a command
 * joins: a network, its training, a data source and how often what is written.
 *
 * @module
 */
import type { RinConfig } from "../src/model/config.ts";
import type { TrainOptions } from "../src/train/options.ts";
import type { RunOptions } from "./settings.ts";

/** What a preset sets; the rest is as in {@linkcode DEFAULT_SETTINGS}. */
export interface Preset {
  readonly about: string;
  readonly network: Partial<RinConfig>;
  readonly training: Partial<TrainOptions>;
  /** `data` is empty where it must be given. */
  readonly run: Partial<RunOptions>;
}

/** The presets by name. */
export const PRESETS: Readonly<Record<string, Preset>> = {
  faces: {
    about: "118 emoji faces at 32 px, recognisable within 1,000 steps",
    network: {},
    training: {},
    run: {},
  },
  demo: {
    about: "3,786 emoji at 32 px, noise prediction",
    network: { patchSize: 4, interfaceDim: 64, numLatents: 32, prediction: "eps" },
    training: {
      steps: 2000,
      lr: 1e-3,
      lrSchedule: "constant",
      warmup: 0,
      beta2: 0.999,
      emaDecay: 0.9999,
    },
    run: { data: "emoji", validEvery: 500, validCount: 64 },
  },
  readme: {
    about: "the original project's network: 64 px, for CelebA or a folder of your own",
    network: {
      imageSize: 64,
      latentDim: 256,
      numLatents: 64,
      prediction: "eps",
    },
    training: {
      steps: 100_000,
      batchSize: 64,
      lr: 1e-3,
      lrSchedule: "constant",
      warmup: 0,
      beta2: 0.999,
      emaDecay: 0.9999,
    },
    run: {
      data: "",
      validEvery: 2000,
      validCount: 64,
      sampleEvery: 5000,
      saveEvery: 1000,
      logEvery: 500,
    },
  },
};

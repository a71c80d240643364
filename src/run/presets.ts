/**
 * Named settings: a network, its training, a data source, and how often what is written.
 *
 * @module
 */
import type { RinConfig } from "../model/config.ts";
import type { TrainOptions } from "../train/options.ts";
import type { RunOptions } from "./options.ts";

/** What a preset sets; the rest is as in the defaults. */
export interface Preset {
  /** A few words about it. */
  readonly about: string;
  /** Fields of the network. */
  readonly network: Partial<RinConfig>;
  /** Fields of the training. */
  readonly training: Partial<TrainOptions>;
  /** Fields of the rest; `data` is empty where it must be given. */
  readonly run: Partial<RunOptions>;
}

// Of the released configs (google-research/pix2seq, configs/config_diffusion_*.py): what all share.
const paper = {
  training: {
    steps: 150_000,
    optimizer: "lamb",
    warmup: 10_000,
    weightDecay: 1e-2,
    beta2: 0.999,
    // As released; give some (0.1, say) for guidance.
    labelDropout: 0,
    emaDecay: 0.9999,
  },
  run: {
    data: "",
    labels: "auto",
    flip: true,
    validEvery: 2000,
    validCount: 64,
    sampleEvery: 5000,
    saveEvery: 1000,
    logEvery: 500,
  },
} satisfies Partial<Preset>;

const imagenet = {
  interfaceDim: 512,
  numLatents: 128,
  blockDepth: 4,
  numHeads: 16,
  readWriteHeads: 16,
  timeConditioning: "token",
  numClasses: 1000,
  prediction: "eps",
} satisfies Partial<RinConfig>;

const imagenetTraining = {
  ...paper.training,
  batchSize: 1024,
  accumulate: 64,
  lr: 2e-3,
  lrSchedule: "cosine@0.7",
} satisfies Partial<TrainOptions>;

/** The presets by name. */
export const PRESETS: Readonly<Record<string, Preset>> = {
  faces: {
    about: "118 emoji faces at 32 px, recognizable within 1,000 steps",
    network: {},
    training: { steps: 1800 },
    // A network so young draws better faces where fresh noise can mend what a step got wrong.
    run: { sampleSampler: "ddpm", sampleSteps: 100 },
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
  clips: {
    about: "clips of 8 frames at 32 px, from a folder of GIFs, animated PNGs or numbered frames",
    network: {
      frames: 8,
      patchFrames: 2,
      patchSize: 4,
      interfaceDim: 64,
      numLatents: 32,
      positions: "sincos",
    },
    training: { steps: 2000, batchSize: 16 },
    run: { data: "", sampleCount: 16, sampleEvery: 250 },
  },
  cifar10: {
    about: "the paper's network for CIFAR-10: 32 px, 10 classes, 30.6 M parameters",
    network: {
      imageSize: 32,
      patchSize: 2,
      latentDim: 512,
      interfaceDim: 256,
      numLatents: 128,
      numBlocks: 3,
      blockDepth: 2,
      numHeads: 16,
      readWriteHeads: 8,
      interfaceMlpRatio: 2,
      timeConditioning: "token",
      numClasses: 10,
      prediction: "eps",
      schedule: "sigmoid(-3,3,0.9)",
    },
    training: {
      ...paper.training,
      batchSize: 256,
      accumulate: 8,
      lr: 3e-3,
      lrSchedule: "cosine@0.8",
      dropout: 0.1,
      dropPath: 0.1,
    },
    run: paper.run,
  },
  imagenet64: {
    about: "the paper's released config for ImageNet at 64 px: 1000 classes, 157 M parameters",
    network: {
      ...imagenet,
      imageSize: 64,
      patchSize: 8,
      latentDim: 768,
      numBlocks: 4,
      schedule: "linear",
    },
    training: imagenetTraining,
    run: paper.run,
  },
  // No config of this size was released: its sizes are those of the paper's appendix, its training
  // that of imagenet64.
  imagenet128: {
    about: "the paper's network for ImageNet at 128 px: 1000 classes, 399 M parameters",
    network: {
      ...imagenet,
      imageSize: 128,
      patchSize: 4,
      latentDim: 1024,
      numBlocks: 6,
      schedule: "sigmoid(-3,3,0.9)",
    },
    training: imagenetTraining,
    run: paper.run,
  },
};

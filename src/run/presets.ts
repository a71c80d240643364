/**
 * Named settings: a network, its training, a data source, and the intervals of outputs.
 *
 * @module
 */
import type { RinConfig } from "../model/config.ts";
import type { TrainOptions } from "../train/options.ts";
import type { RunOptions } from "./options.ts";

/** Settings of a preset; the rest are defaults. */
export interface Preset {
  /** A few words about it. */
  readonly about: string;
  /** Fields of the network. */
  readonly network: Partial<RinConfig>;
  /** Fields of the training. */
  readonly training: Partial<TrainOptions>;
  /** Fields of the run; `data` is empty where the user must give it. */
  readonly run: Partial<RunOptions>;
}

// The common part of the released configs (google-research/pix2seq, configs/config_diffusion_*.py).
const paper = {
  network: {
    layers: "paper",
    timeConditioning: "token",
    timeInput: "gamma",
    prediction: "eps",
  },
  training: {
    steps: 150_000,
    optimizer: "lamb",
    warmup: 10_000,
    weightDecay: 1e-2,
    beta2: 0.999,
    // Its LAMB is not given the configs' global_clipnorm.
    clip: 0,
    // As released; give some (0.1, say) for guidance.
    labelDropout: 0,
    emaDecay: 0.9999,
    emaWarmup: "none",
  },
  run: {
    data: "",
    labels: "auto",
    flip: true,
    validFraction: 0,
    // `get_eval_args_and_tags`: ddpm uses the large variance by default.
    sampleSampler: "ddpm",
    sampleSteps: 250,
    sampleVariance: "large",
    sampleSchedule: "cosine",
    validEvery: 2000,
    validCount: 64,
    sampleEvery: 5000,
    saveEvery: 1000,
    logEvery: 500,
  },
} satisfies Partial<Preset>;

const imagenet = {
  ...paper.network,
  imageSize: 64,
  patchSize: 8,
  latentDim: 768,
  interfaceDim: 512,
  numLatents: 128,
  numBlocks: 4,
  blockDepth: 4,
  numHeads: 16,
  readWriteHeads: 16,
  numClasses: 1000,
  schedule: "linear",
} satisfies Partial<RinConfig>;

// Not released. At 128 px the sizes are those of the paper's appendix; beyond, patches and latents are
// the paper's, and the rest is ours. The recipe is that of imagenet64.
const appendix = { ...imagenet, latentDim: 1024, numBlocks: 6 } satisfies Partial<RinConfig>;

// Large pictures survive more noise, so they are scaled down before they are noised (Chen 2023).
const scaled = (inputScale: number) => ({ inputScale, normalizeInput: true });

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
    // A network this young draws better faces where fresh noise can repair a step's errors.
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
    about: "the paper's network for CIFAR-10, as released: 32 px, 10 classes, 31.0 M parameters",
    network: {
      ...paper.network,
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
      numClasses: 10,
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
    run: { ...paper.run, sampleSteps: 400 },
  },
  imagenet64: {
    about: "the paper's network for ImageNet at 64 px, as released: 1000 classes, 158 M parameters",
    network: imagenet,
    training: imagenetTraining,
    run: paper.run,
  },
  "imagenet64-patch4": {
    about: "imagenet64 with patches of 4 px and depths of 6, which comments in its config " +
      "name: probably those of the paper's results; 214 M parameters",
    network: { ...imagenet, patchSize: 4, blockDepth: 6 },
    training: imagenetTraining,
    run: paper.run,
  },
  imagenet128: {
    about: "ImageNet at 128 px: the paper's sizes, imagenet64's training, our schedule; 396 M " +
      "parameters",
    network: { ...appendix, imageSize: 128, patchSize: 4, schedule: "sigmoid(-3,3,0.9)" },
    training: imagenetTraining,
    run: paper.run,
  },
  imagenet256: {
    about: "ImageNet at 256 px: the paper's patches and latents, imagenet64's training, our " +
      "depth and input scale; 396 M parameters",
    network: { ...appendix, imageSize: 256, numLatents: 256, ...scaled(0.5) },
    training: imagenetTraining,
    run: paper.run,
  },
  imagenet512: {
    about: "ImageNet at 512 px: the paper's patches and latents, imagenet64's training, our " +
      "depth and input scale; 321 M parameters",
    network: {
      ...appendix,
      imageSize: 512,
      numLatents: 256,
      latentDim: 768,
      blockDepth: 6,
      ...scaled(0.2),
    },
    training: { ...imagenetTraining, accumulate: 256 },
    run: paper.run,
  },
  imagenet1024: {
    about: "ImageNet at 1024 px: the paper's patches and latents, imagenet64's training, our " +
      "depth and input scale; 412 M parameters",
    network: {
      ...appendix,
      imageSize: 1024,
      numLatents: 256,
      latentDim: 768,
      blockDepth: 8,
      ...scaled(0.1),
    },
    training: { ...imagenetTraining, accumulate: 1024 },
    run: paper.run,
  },
  kinetics: {
    about: "clips of 16 frames at 64 px, 5 of them given: the paper's task, patches and latents, " +
      "the rest ours; 395 M parameters",
    network: {
      ...appendix,
      frames: 16,
      contextFrames: 5,
      patchFrames: 2,
      patchSize: 4,
      numLatents: 256,
      numClasses: 0,
    },
    training: { ...imagenetTraining, accumulate: 128 },
    run: paper.run,
  },
};

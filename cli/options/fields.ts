/**
 * Every field of a run in one table: parsing, checks, help and config files all follow from it.
 *
 * @module
 */
import { SAMPLE_OPTIONS } from "../../src/diffusion/sample_options.ts";
import type { RinConfig } from "../../src/model/config.ts";
import { RUN_CHOICES, type RunOptions } from "../../src/run/options.ts";
import { TRAIN_CHOICES, type TrainOptions } from "../../src/train/options.ts";
import type { Option } from "./options.ts";

/** The flag of a setting; its group decides the section. */
export interface SettingOption<T> extends Option {
  readonly key: keyof T & string;
}

const network: SettingOption<RinConfig>[] = [
  {
    key: "imageSize",
    type: "size",
    help: "side of the images, pixels, or WIDTHxHEIGHT, such as 64x96",
  },
  {
    key: "channels",
    type: "integer",
    value: "1|3|4",
    help: "channels of the images: 1 gray, 3 RGB, 4 RGB and opacity",
  },
  {
    key: "patchSize",
    type: "integer",
    help: "side of a patch, pixels; divides the sides of the images",
  },
  {
    key: "frames",
    type: "integer",
    help: "frames of a clip; 1 for a network of images",
  },
  {
    key: "contextFrames",
    type: "integer",
    help: "frames of a clip that are given: the network draws how it continues; 0 for none",
  },
  { key: "patchFrames", type: "integer", help: "frames that a patch spans; divides the frames" },
  { key: "latentDim", type: "integer", help: "width of the latents" },
  { key: "interfaceDim", type: "integer", help: "width of the interface tokens" },
  {
    key: "numLatents",
    type: "integer",
    help: "number of latents, including the tokens of time and class",
  },
  { key: "numBlocks", type: "integer", help: "number of read-compute-write blocks" },
  {
    key: "blockDepth",
    type: "integers",
    value: "N|N,N,...",
    help: "latent self-attention layers in each block, or a list with one number a block, such " +
      "as 4,4,6,6",
  },
  { key: "numHeads", type: "integer", help: "heads of the latents' self-attention" },
  {
    key: "layers",
    type: ["original", "paper"],
    help: "layers and initial values of the original (PyTorch) project or of the paper's code",
  },
  {
    key: "readWriteHeads",
    type: "integer",
    help: "heads of the read and write attention; divides both widths (with --layers paper, " +
      "the smaller)",
    default: "as --num-heads",
  },
  {
    key: "latentMlpRatio",
    type: "integer",
    help: "width of the latents' feed-forward layers, in widths of the latents",
  },
  {
    key: "interfaceMlpRatio",
    type: "integer",
    help: "width of the interface's feed-forward layers, in widths of the interface",
  },
  {
    key: "timeConditioning",
    type: ["add", "token"],
    help: "how time and class reach the latents: added to each, or as latents of their own (paper)",
  },
  {
    key: "timeInput",
    type: ["t", "gamma"],
    help: "what tells the network the time: t, or gamma of t (paper)",
  },
  {
    key: "numClasses",
    type: "integer",
    help: "number of classes; 0 for a network without " +
      "classes",
  },
  {
    key: "selfConditioning",
    type: ["latents", "interface", "both"],
    help: "what self-conditioning passes on to the next pass",
  },
  {
    key: "positions",
    type: ["learned", "sincos", "stretched"],
    help:
      "positions of the interface tokens: learned; sincos, fixed sines and cosines; stretched, " +
      "the same of coordinates stretched to 0 to 1000 (paper)",
  },
  { key: "prediction", type: ["eps", "x0", "v"], help: "what the network predicts" },
  {
    key: "schedule",
    type: "text",
    value: "NAME",
    help: "noise: linear, cosine, sigmoid, linear-beta (DDPM's), 'sigmoid(start,end,tau)', " +
      "'cosine(start,end,tau)' or 'log(start,end)'",
  },
  {
    key: "inputScale",
    type: "number",
    help: "factor of the images before noise is added; below 1 for large images",
  },
  {
    key: "normalizeInput",
    type: "boolean",
    help: "divide what the network sees by its standard deviation, which --input-scale changes",
  },
];

const training: SettingOption<TrainOptions>[] = [
  { key: "steps", type: "integer", help: "steps of the whole run" },
  { key: "batchSize", type: "integer", help: "images a step" },
  {
    key: "accumulate",
    type: "integer",
    help: "parts that a batch is computed in: less memory, the same result",
  },
  {
    key: "checkpointBlocks",
    type: TRAIN_CHOICES.checkpointBlocks,
    help: "gradient checkpointing: the backward pass computes each block again, for less memory, " +
      "more time and the same result; auto: where the device can't hold the step otherwise",
  },
  {
    key: "precision",
    type: TRAIN_CHOICES.precision,
    help:
      "f16 stores activations and their gradients in half precision, on a GPU with shader-f16: " +
      "half the memory; sums, weights and the optimizer stay f32, and the loss is scaled",
  },
  {
    key: "lossSpace",
    type: TRAIN_CHOICES.lossSpace,
    help: "space of the squared error: the prediction's own, or another that it converts to",
  },
  {
    key: "minSnr",
    type: "number",
    help: "gamma of the loss's min-SNR weighting, 5 in its paper; 0 for none",
  },
  {
    key: "offsetNoise",
    type: "number",
    help: "strength of extra noise that is constant over each channel of an image; 0 for none",
  },
  { key: "optimizer", type: TRAIN_CHOICES.optimizer, help: "the optimizer" },
  { key: "lr", type: "number", help: "highest learning rate" },
  {
    key: "lrSchedule",
    type: "text",
    value: "NAME",
    help: "learning rate over time: constant; cosine, which falls to --lr-end at the last " +
      "step; cosine@0.7, the first 70% of that cosine, as in the paper's configs; plateau, " +
      "which falls when validation stops improving",
  },
  { key: "lrEnd", type: "number", help: "cosine, plateau: the lowest learning rate" },
  { key: "warmup", type: "integer", help: "steps in which the learning rate rises from 0" },
  {
    key: "plateauFactor",
    type: "number",
    help: "plateau: factor of the learning rate",
  },
  {
    key: "plateauPatience",
    type: "integer",
    help: "plateau: validations without improvement before the rate falls",
  },
  {
    key: "plateauThreshold",
    type: "number",
    help: "plateau: share by which the loss must fall to be an improvement",
  },
  {
    key: "weightDecay",
    type: "number",
    help: "decoupled weight decay, of matrices (adamw) or of all but biases and norms (lamb)",
  },
  {
    key: "decayAll",
    type: "boolean",
    help: "decay biases, norms and embeddings too, as the original (PyTorch) project does",
  },
  { key: "beta1", type: "number", help: "decay of the gradient's first moment" },
  { key: "beta2", type: "number", help: "decay of the gradient's second moment" },
  { key: "epsilon", type: "number", help: "added to the root of the second moment" },
  { key: "clip", type: "number", help: "largest norm of the gradient; 0 for no clipping" },
  {
    key: "selfCondRate",
    type: "number",
    help: "share of the examples that train with self-conditioning",
  },
  {
    key: "dropout",
    type: "number",
    help: "share of hidden units that latent self-attention layers drop in training",
  },
  {
    key: "dropPath",
    type: "number",
    help: "stochastic depth: share of examples that skip a residual branch of these layers",
  },
  {
    key: "labelDropout",
    type: "number",
    help: "share of the examples that train without their class, for guidance",
  },
  { key: "emaDecay", type: "number", help: "decay of the moving average of the weights" },
  {
    key: "emaWarmup",
    type: TRAIN_CHOICES.emaWarmup,
    help: "limit of that decay at step s: ratio, (1+s)/(10+s); power, 1-(1+s)^(-2/3); none",
  },
  {
    key: "emaStart",
    type: "integer",
    help: "steps during which the average equals the weights",
  },
  { key: "emaEvery", type: "integer", help: "steps from one update of the average to the next" },
  { key: "seed", type: "seed", help: "seed of all random numbers" },
];

const run: SettingOption<RunOptions>[] = [
  {
    key: "data",
    type: "text",
    value: "SOURCE",
    help:
      "faces, emoji (both fetched once), a folder of pictures, a tar archive of them, CelebA, " +
      "CIFAR, an array that NumPy saved (.npz, .npy), an IDX file, or what rin data prepare made; " +
      "with --frames a folder of clips (GIF and animated PNG files, or folders of numbered " +
      "frames), one clip, or an array of clips",
  },
  { key: "flip", type: "boolean", help: "mirror images left to right at random" },
  {
    key: "cropScale",
    type: "number",
    help:
      "store images larger by this factor, such as 1.125, and crop parts of the image size at random from them",
  },
  {
    key: "labels",
    type: "text",
    value: "none|auto|FILE",
    help: "classes of the images: auto takes labels.csv in their folder, else the sub-folder of " +
      "each, the labels that belong to an array, an archive or an IDX file, or the categories " +
      "of emoji; FILE is a table of files and classes (CSV), IDX labels, or CelebA's attributes",
  },
  {
    key: "folders",
    type: RUN_CHOICES.folders,
    help: "meaning of folders called train, val and test: auto takes them as splits, classes " +
      "as classes",
  },
  {
    key: "labelAttribute",
    type: "text",
    value: "NAME",
    help: "CelebA: two classes by one attribute, such as Smiling",
  },
  {
    key: "validFraction",
    type: "number",
    help: "share of the images held out for validation (default: faces none, emoji every 20th, " +
      "CelebA its own, else 0.05)",
  },
  {
    key: "frameStride",
    type: "integer",
    help: "clips: take every Nth frame, for longer and faster movements",
  },
  { key: "validEvery", type: "integer", help: "steps between validations" },
  { key: "validCount", type: "integer", help: "most images that a validation uses" },
  { key: "sampleEvery", type: "integer", help: "steps between grids of 16 samples" },
  { key: "sampleCount", type: "integer", help: "samples in the last grid" },
  { key: "sampleSampler", type: SAMPLE_OPTIONS.sampler.enum, help: "sampler" },
  { key: "sampleSteps", type: "integer", help: "network evaluations of a sample" },
  {
    key: "sampleVariance",
    type: SAMPLE_OPTIONS.variance.enum,
    help: "ddpm: variance of the fresh noise, the posterior's or beta_t",
  },
  {
    key: "sampleSchedule",
    type: "text",
    value: "NAME",
    help: "noise schedule of the samples (default: that of --schedule); these four become rin " +
      "sample's defaults for this network",
  },
  { key: "saveEvery", type: "integer", help: "steps between checkpoints" },
  {
    key: "keepEvery",
    type: "integer",
    help:
      "steps between checkpoints that the run keeps in checkpoints/; 0 keeps only the last and " +
      "the best",
  },
  {
    key: "keepCheckpoints",
    type: "integer",
    help: "how many of those to keep, the newest; 0 keeps all",
  },
  {
    key: "onSaveError",
    type: RUN_CHOICES.onSaveError,
    help: "when a checkpoint can't be written: continue and try again at the next, or stop",
  },
  {
    key: "onNan",
    type: RUN_CHOICES.onNan,
    help:
      "when a step's loss or gradient is not finite: skip the step, at most 64 in a row, or stop",
  },
  { key: "logEvery", type: "integer", help: "steps between measurements of the images' moments" },
];

/** The table, by section. */
export const FIELDS = { network, training, run } as const;

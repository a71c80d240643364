/**
 * The configuration of a network: its sizes, prediction, and noise schedule.
 *
 * @module
 */
import { checkOptions, defaultsOf, type Schema } from "../options/schema.ts";
import { type ImageSize, readSize, sidesOf } from "./image_size.ts";

/** Channels of pictures: 1 gray, 3 RGB, 4 RGB and opacity. */
export type Channels = 1 | 3 | 4;

/** The prediction that the network is trained for. */
export type Prediction = "eps" | "x0" | "v";

/** How the time (and the class) enters: see {@linkcode RinConfig.timeConditioning}. */
export type TimeConditioning = "add" | "token";

/** The state that a pass leaves to the next: its latents, its interface or both. */
export type SelfConditioning = "latents" | "interface" | "both";

/** The positions of the interface tokens: see {@linkcode RinConfig.positions}. */
export type Positions = "learned" | "sincos" | "stretched";

/** The origin of a network's layers: see {@linkcode RinConfig.layers}. */
export type Layers = "original" | "paper";

/** The network's time input: see {@linkcode RinConfig.timeInput}. */
export type TimeInput = "t" | "gamma";

/** Everything that fixes a network's shape and meaning. It travels in every checkpoint. */
export interface RinConfig {
  /** Sides of the images, pixels: one number S of square ones, else "WIDTHxHEIGHT". */
  readonly imageSize: ImageSize;
  /** Channels C of the images: 1, gray; 3, RGB (default); or 4, RGB and opacity. */
  readonly channels: Channels;
  /** Frames T of the clips that the network makes; 1 (default) for images. */
  readonly frames: number;
  /**
   * Frames N of each clip that are given: the network sees the first N without noise, and draws the
   * rest. Default 0.
   */
  readonly contextFrames: number;
  /** Side P of a patch, pixels; divides both sides. The interface has (T/Pt) (H/P) (W/P) tokens. */
  readonly patchSize: number;
  /** Frames Pt of a patch; divides `frames`. Default 1. */
  readonly patchFrames: number;
  /** Width Dz of the latents. */
  readonly latentDim: number;
  /** Width Dx of the interface tokens. */
  readonly interfaceDim: number;
  /** Number M of latents, those of the time and of the class included where these are tokens. */
  readonly numLatents: number;
  /** Number of read-compute-write blocks; where `blockDepth` is a list, its length. */
  readonly numBlocks: number;
  /** Latent self-attention layers in each block: one number for all, or a list of one a block. */
  readonly blockDepth: number | readonly number[];
  /** Heads of the latents' self-attention; divides `latentDim`. */
  readonly numHeads: number;
  /**
   * The origin of the layers, initial values included: "original", the PyTorch project's (default);
   * or "paper", those of google-research/pix2seq, `architectures/tape.py`: reading and writing are
   * as wide as the narrower of the two streams; a pass begins from LN0(s + FF(s)) of what the one
   * before left, also where that is nothing; a class is a row of a matrix plus a bias, which is all
   * that is left without a class; layer norms add 1e-6 to the variance; and parameters begin as
   * Keras begins them.
   */
  readonly layers: Layers;
  /**
   * Heads of reading and writing; divides both widths, or the narrower one of the paper's layers.
   * Default `numHeads`.
   */
  readonly readWriteHeads: number;
  /** Width of the latents' feed-forward layers (read, compute), in widths of the latents. */
  readonly latentMlpRatio: number;
  /** Width of the interface's feed-forward layers (write), in widths of the interface. */
  readonly interfaceMlpRatio: number;
  /**
   * How the time, and the class where there are classes, reaches the latents: "add", an MLP of t
   * added to each of them (the original project); "token", a latent of its own made from a sinusoidal
   * embedding of 1000 t (the paper).
   */
  readonly timeConditioning: TimeConditioning;
  /** The network's time input: "t" itself (default), or "gamma" of t, as in pix2seq. */
  readonly timeInput: TimeInput;
  /** Number of classes that the network is conditioned on; 0 for an unconditional network. */
  readonly numClasses: number;
  /** The state that self-conditioning carries from pass to pass. */
  readonly selfConditioning: SelfConditioning;
  /**
   * Positions of the interface tokens: "learned" parameters; "sincos", fixed sines and cosines of row
   * and column (and frame); or "stretched", these of coordinates that go from 0 to 1000 whatever the
   * size of the grid (pix2seq's `sin_cos`).
   */
  readonly positions: Positions;
  /** The meaning of the output: the noise, the clean image, or v = sqrt(g) noise - sqrt(1-g) x0. */
  readonly prediction: Prediction;
  /**
   * gamma(t): "linear", "cosine", "sigmoid", "sigmoid(start,end,tau)", "cosine(start,end,tau)",
   * "log(start,end)" or "linear-beta".
   */
  readonly schedule: string;
  /** The b of Chen 2023 (arXiv 2301.10972): images are multiplied by it before they are noised. */
  readonly inputScale: number;
  /**
   * Whether the network sees x_t divided by its standard deviation, sqrt(gamma b^2 + 1 - gamma) for
   * images of variance 1. Without an input scale that is 1.
   */
  readonly normalizeInput: boolean;
}

/** A configuration that makes no sense; the message names the field and a value that would. */
export class ConfigError extends Error {
  /** Tells errors apart by name. */
  override name = "ConfigError";
}

const size = { type: "integer", minimum: 1, maximum: 65536 } as const;
const ratio = { type: "integer", minimum: 1, maximum: 64 } as const;

// A bundler leaves a call out that is marked pure and not used.
const TABLE = /* @__PURE__ */ ((): Readonly<Record<keyof RinConfig, Schema>> => ({
  imageSize: { oneOf: [{ type: "number" }, { type: "string" }], default: 32 },
  channels: { type: "integer", default: 3 },
  frames: { ...size, default: 1 },
  contextFrames: { ...size, minimum: 0, default: 0 },
  patchSize: { ...size, default: 8 },
  patchFrames: { ...size, default: 1 },
  latentDim: { ...size, default: 128 },
  interfaceDim: { ...size, default: 128 },
  numLatents: { ...size, default: 16 },
  numBlocks: { ...size, default: 2 },
  blockDepth: { oneOf: [size, { type: "array", items: size }], default: 1 },
  numHeads: { ...size, default: 4 },
  layers: { enum: ["original", "paper"], default: "original" },
  readWriteHeads: { ...size, default: 4 },
  latentMlpRatio: { ...ratio, default: 4 },
  interfaceMlpRatio: { ...ratio, default: 4 },
  timeConditioning: { enum: ["add", "token"], default: "add" },
  timeInput: { enum: ["t", "gamma"], default: "t" },
  numClasses: { ...size, minimum: 0, maximum: 65535, default: 0 },
  selfConditioning: { enum: ["latents", "interface", "both"], default: "latents" },
  positions: { enum: ["learned", "sincos", "stretched"], default: "learned" },
  prediction: { enum: ["eps", "x0", "v"], default: "x0" },
  schedule: { type: "string", default: "cosine" },
  inputScale: { type: "number", minimum: 1e-3, maximum: 1e3, default: 1 },
  normalizeInput: { type: "boolean", default: false },
}))();

/** The default: the `faces` preset (1.29 M parameters, 32 px). */
export const DEFAULT_CONFIG: RinConfig = /* @__PURE__ */ defaultsOf(TABLE) as unknown as RinConfig;

/**
 * Fills in the defaults and checks that the sizes fit together.
 *
 * @throws {ConfigError} naming the field, the value found and the value needed
 */
export function completeConfig(config: Partial<RinConfig>): RinConfig {
  const given = checkOptions(TABLE, config, "config field", ConfigError);
  const { numHeads = DEFAULT_CONFIG.numHeads } = given;
  const listed = Array.isArray(given.blockDepth) ? { numBlocks: given.blockDepth.length } : {};
  const full: RinConfig = {
    ...DEFAULT_CONFIG,
    readWriteHeads: numHeads,
    ...listed,
    ...given,
    imageSize: sizeIn(given),
  };
  if (![1, 3, 4].includes(full.channels)) {
    throw new ConfigError(
      `channels is ${full.channels}: expected 1 (gray), 3 (RGB) or 4 (RGB and opacity)`,
    );
  }
  checkPatch(full, "imageSize", "patchSize");
  checkPatch(full, "frames", "patchFrames");
  if (full.contextFrames >= full.frames) {
    throw new ConfigError(
      `contextFrames is ${full.contextFrames} and frames is ${full.frames}: expected fewer, so that ` +
        `some are left to draw`,
    );
  }
  checkBlocks(full);
  checkHeads(full, given.readWriteHeads === undefined);
  if (full.numLatents <= tokensAmongLatents(full)) {
    throw new ConfigError(
      `numLatents is ${full.numLatents}: expected more than the ${
        tokensAmongLatents(full)
      } that are the tokens of time and class`,
    );
  }
  return full;
}

/** Latents that are tokens of the time or the class; they come last. */
export function tokensAmongLatents({ timeConditioning, numClasses }: RinConfig): number {
  return timeConditioning === "add" ? 0 : numClasses > 0 ? 2 : 1;
}

/** Latent self-attention layers of each block. */
export function blockDepths({ numBlocks, blockDepth }: RinConfig): readonly number[] {
  return typeof blockDepth === "number" ? Array(numBlocks).fill(blockDepth) : blockDepth;
}

function sizeIn({ imageSize = DEFAULT_CONFIG.imageSize }: Partial<RinConfig>): ImageSize {
  const read = readSize(imageSize);
  const isSide = (side: number) => side >= 1 && side <= size.maximum;
  if (read !== undefined && Object.values(sidesOf(read)).every(isSide)) return read;
  throw new ConfigError(
    `imageSize is ${imageSize}: expected a whole number from 1 to ${size.maximum}, or two as ` +
      `WIDTHxHEIGHT, such as 64x96`,
  );
}

function checkPatch(
  config: RinConfig,
  whole: "imageSize" | "frames",
  part: "patchSize" | "patchFrames",
): void {
  const { width, height } = sidesOf(config[whole]);
  if (width % config[part] === 0 && height % config[part] === 0) return;
  throw new ConfigError(
    `${whole} ${config[whole]} is not divisible by ${part} ${config[part]}: use a ${part} of ${
      divisors(width).filter((size) =>
        height % size === 0 && (size === 1 || size < width && size <= 32)
      ).join(", ")
    }`,
  );
}

function checkBlocks({ numBlocks, blockDepth }: RinConfig): void {
  if (typeof blockDepth === "number") return;
  if (blockDepth.length !== numBlocks) {
    throw new ConfigError(
      `blockDepth lists ${blockDepth.length} blocks (${blockDepth}) and numBlocks is ${numBlocks}: ` +
        `give the list alone, or one of that length`,
    );
  }
}

/** The width of an attention: of the stream that attends, or of the narrower one (paper). */
export function attentionWidth({ layers }: RinConfig, stream: number, context: number): number {
  return layers === "paper" ? Math.min(stream, context) : stream;
}

/** Reading has the width of the latents, writing that of the interface, unless both the lesser. */
function checkHeads(config: RinConfig, together: boolean): void {
  const readWrite = together ? "numHeads" : "readWriteHeads";
  const check = (name: "numHeads" | "readWriteHeads", width: "latentDim" | "interfaceDim") => {
    if (config[width] % config[name] === 0) return;
    throw new ConfigError(
      `${name} ${config[name]} does not divide ${width} ${config[width]}: use ${
        divisors(config[width]).filter((heads) => heads <= 32).join(", ")
      } heads`,
    );
  };
  check("numHeads", "latentDim");
  const { layers, latentDim, interfaceDim } = config;
  const both = layers === "original";
  if (both || latentDim <= interfaceDim) check(readWrite, "latentDim");
  if (both || interfaceDim < latentDim) check(readWrite, "interfaceDim");
}

function divisors(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i + 1).filter((i) => n % i === 0);
}

/**
 * The configuration of a network: its sizes, what it predicts and on which noise schedule.
 *
 * @module
 */
/** What the network is trained to predict. */
export type Prediction = "eps" | "x0" | "v";

/** Everything that fixes a network's shape and meaning. It travels in every checkpoint. */
export interface RinConfig {
  /** Side S of the square images, pixels. */
  readonly imageSize: number;
  /** Side P of a patch, pixels; divides `imageSize`. The interface has (S/P)^2 tokens. */
  readonly patchSize: number;
  /** Width Dz of the latents. */
  readonly latentDim: number;
  /** Width Dx of the interface tokens. */
  readonly interfaceDim: number;
  /** Number M of latents. */
  readonly numLatents: number;
  /** Number of read-compute-write blocks. */
  readonly numBlocks: number;
  /** Latent self-attention layers in each block. */
  readonly blockDepth: number;
  /** Attention heads; divides both widths. */
  readonly numHeads: number;
  /** What the output means: the noise, the clean image, or v = sqrt(g) noise - sqrt(1-g) x0. */
  readonly prediction: Prediction;
  /**
   * gamma(t): "linear", "cosine", "sigmoid", "sigmoid(start,end,tau)", "cosine(start,end,tau)" or
   * "linear-beta".
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

/** A configuration that makes no sense; the message says which field and what would. */
export class ConfigError extends Error {
  /** Tells errors apart by name. */
  override name = "ConfigError";
}

/** The default: the `faces` preset (1.29 M parameters, 32 px). */
export const DEFAULT_CONFIG: RinConfig = {
  imageSize: 32,
  patchSize: 8,
  latentDim: 128,
  interfaceDim: 128,
  numLatents: 16,
  numBlocks: 2,
  blockDepth: 1,
  numHeads: 4,
  prediction: "x0",
  schedule: "cosine",
  inputScale: 1,
  normalizeInput: false,
};

const sizes = [
  "imageSize",
  "patchSize",
  "latentDim",
  "interfaceDim",
  "numLatents",
  "numBlocks",
  "blockDepth",
  "numHeads",
] as const;

/**
 * Fills in the defaults and checks that the sizes fit together.
 *
 * @throws {ConfigError} naming the field, what was found and what is needed
 */
export function completeConfig(config: Partial<RinConfig>): RinConfig {
  for (const key of Object.keys(config)) {
    if (!Object.hasOwn(DEFAULT_CONFIG, key)) {
      throw new ConfigError(
        `Unknown config field "${key}": known are ${Object.keys(DEFAULT_CONFIG).join(", ")}`,
      );
    }
  }
  const given = Object.entries(config).filter(([, value]) => value !== undefined);
  const full: RinConfig = { ...DEFAULT_CONFIG, ...Object.fromEntries(given) };
  for (const key of sizes) {
    const value = full[key];
    if (!Number.isInteger(value) || value < 1 || value > 65536) {
      throw new ConfigError(`${key} is ${value}: needed a whole number from 1 to 65536`);
    }
  }
  const { imageSize, patchSize, numHeads } = full;
  if (imageSize % patchSize !== 0) {
    throw new ConfigError(
      `imageSize ${imageSize} is not divisible by patchSize ${patchSize}: use a patch size of ${
        divisors(imageSize).filter((size) => size < imageSize && size <= 32).join(", ")
      }`,
    );
  }
  for (const key of ["latentDim", "interfaceDim"] as const) {
    if (full[key] % numHeads !== 0) {
      throw new ConfigError(
        `numHeads ${numHeads} does not divide ${key} ${full[key]}: use ${
          divisors(full[key]).filter((heads) => heads <= 32).join(", ")
        } heads`,
      );
    }
  }
  if (!["eps", "x0", "v"].includes(full.prediction)) {
    throw new ConfigError(`prediction is "${full.prediction}": needed eps, x0 or v`);
  }
  if (!(full.inputScale >= 1e-3 && full.inputScale <= 1e3)) {
    throw new ConfigError(`inputScale is ${full.inputScale}: needed a number from 0.001 to 1000`);
  }
  if (typeof full.normalizeInput !== "boolean") {
    throw new ConfigError(`normalizeInput is ${full.normalizeInput}: needed true or false`);
  }
  return full;
}

function divisors(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i + 1).filter((i) => n % i === 0);
}

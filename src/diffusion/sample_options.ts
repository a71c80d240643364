/**
 * Options of sampling.
 *
 * @module
 */
import { checkOptions, defaultsOf, type OptionSchema, type Schema } from "../options/schema.ts";
import { type SamplerOptions, SAMPLERS } from "./samplers.ts";
import { TIME_SPACINGS } from "./times.ts";

/** Options of `Rin.sample` and `Rin.samples`. */
export interface SampleOptions extends SamplerOptions {
  /** Number of images. Default 16. */
  readonly count?: number;
  /** u32; image i depends on the seed and i alone. Default 0. */
  readonly seed?: number;
  /** The numbers of the images to make. Default 0 to `count` - 1. */
  readonly indices?: readonly number[];
  /** The seed of each image, where they have seeds of their own; of all of them, in the same order. */
  readonly seeds?: ArrayLike<number>;
  /** The class of each image, for a class-conditional network; -1, or no list, for none. */
  readonly labels?: ArrayLike<number>;
  /**
   * Classifier-free guidance (Ho & Salimans 2022): w in free + w (guided - free), where `free` is
   * the network's prediction without the class. 1 (default) is off. The two passes of a step each
   * pass on their own latents.
   */
  readonly guidance?: number;
  /**
   * Images made at a time; more needs more memory. Default 32, or as many as there are if that is
   * less; halved until the device allows it.
   */
  readonly batchSize?: number;
  /**
   * Plans, each for a batch size and with or without guidance, that are kept for later calls; more
   * need more memory. Default 1, the last one. Which one is used doesn't change the images.
   */
  readonly maxPlans?: number;
  /**
   * How much of the latents of one step the next begins from: 1 (default), all, as the paper; 0,
   * each step from Z_init; in between, Z_init + warmStart (LN0's share), or, of the paper's layers,
   * LN0's share of warmStart times the latents.
   */
  readonly warmStart?: number;
  /**
   * Share of a step's initial state that stays in the state that it passes on (pix2seq's
   * `self_cond_decay`): the next begins from selfCondDecay of that plus 1 - selfCondDecay of the
   * new. Default 0.
   */
  readonly selfCondDecay?: number;
  /**
   * Two seeds: image i has, at every step, the noise of image 0 of the first turned i / (count - 1)
   * of the way to that of the second (on a quarter of a circle, so that its variance stays 1).
   */
  readonly interpolate?: readonly [number, number];
  /** A picture (C, H, W), or clip (C, T, H, W), in [-1, 1] to begin from. */
  readonly image?: Float32Array<ArrayBuffer>;
  /**
   * With `image`: the time to begin at, from 0, where the picture stays unchanged, to 1. Default 1.
   */
  readonly strength?: number;
  /**
   * With `image`, (S, S) or (T, S, S): pixels above 0.5 are painted, all others keep the picture:
   * the sampler puts back its noised form after each step.
   */
  readonly mask?: Float32Array<ArrayBuffer>;
  /**
   * For a network with context frames: the first N frames, in [-1, 1], of the clip to continue,
   * (C, N, H, W), or of one clip for each sample, (indices, C, N, H, W). They come out unchanged.
   */
  readonly context?: Float32Array<ArrayBuffer>;
  /** Stops between two steps by throwing its reason. */
  readonly signal?: AbortSignal;
  /**
   * Called for each step of each batch with the number of steps done and of all; of short steps, which
   * go to the device together, in a row.
   */
  readonly onStep?: (done: number, total: number) => void;
  /** How many times a batch `onEstimate` is called: after steps spread evenly, the last one among them. */
  readonly estimates?: number;
  /**
   * Called with estimates of the finished images on the way; the last are the images themselves. The
   * next step waits for its promise.
   */
  readonly onEstimate?: (
    estimate: SampledBatch & { readonly done: number },
  ) => unknown;
}

/** Images with their numbers. */
export interface SampledBatch {
  /** The images' numbers. */
  readonly indices: readonly number[];
  /** (indices, C, H, W), or (indices, C, T, H, W) of clips, in about [-1, 1]. */
  readonly images: Float32Array<ArrayBuffer>;
}

const seed: Schema = { type: "integer", minimum: 0, maximum: 2 ** 32 - 1 };
const share = { type: "number", minimum: 0, maximum: 1 } as const;

/**
 * The one table of the options of sampling: the library checks options against it, and flags,
 * request fields and the page's settings come from it.
 */
export const SAMPLE_OPTIONS = /* @__PURE__ */ (() => ({
  count: { type: "integer", minimum: 1, maximum: 10_000_000, default: 16 },
  seed: { ...seed, default: 0 },
  indices: { type: "numbers", items: seed },
  seeds: { type: "numbers", items: seed },
  labels: { type: "numbers", items: { type: "integer", minimum: -1, maximum: 65_534 } },
  guidance: { type: "number", minimum: -1000, maximum: 1000, default: 1 },
  batchSize: { type: "integer", minimum: 1, maximum: 65_535, default: 32 },
  maxPlans: { type: "integer", minimum: 1, maximum: 65_535, default: 1 },
  sampler: { enum: SAMPLERS, default: "ddpm" },
  steps: { type: "integer", minimum: 1, maximum: 100_000, default: 100 },
  times: { enum: TIME_SPACINGS, default: "uniform" },
  sampleSchedule: { type: "string" },
  timeDifference: { type: "number", minimum: 0, maximum: 100, default: 0 },
  variance: { enum: ["small", "large"], default: "small" },
  eta: { ...share, default: 0 },
  clip: {
    oneOf: [{ type: "boolean" }, { type: "number", exclusiveMinimum: 0, maximum: 1 }],
    default: true,
  },
  warmStart: { ...share, default: 1 },
  selfCondDecay: { ...share, default: 0 },
  interpolate: { type: "numbers", items: seed, length: 2 },
  image: { type: "Float32Array" },
  strength: { ...share, default: 1 },
  mask: { type: "Float32Array" },
  context: { type: "Float32Array" },
  signal: { type: "AbortSignal" },
  onStep: { type: "Function" },
  estimates: { type: "integer", minimum: 0, maximum: 100_000, default: 0 },
  onEstimate: { type: "Function" },
} as const satisfies Record<keyof SampleOptions, OptionSchema>))();

type Defaulted = {
  [K in keyof typeof SAMPLE_OPTIONS]: typeof SAMPLE_OPTIONS[K] extends { readonly default: unknown }
    ? K
    : never;
}[keyof typeof SAMPLE_OPTIONS];

/** Options with their defaults. */
export type CompleteSampleOptions = SampleOptions & Required<Pick<SampleOptions, Defaulted>>;

const DEFAULTS = /* @__PURE__ */ defaultsOf(SAMPLE_OPTIONS) as unknown as CompleteSampleOptions;

/**
 * Checks each option by itself, and fills in the defaults.
 *
 * @throws {RangeError} naming the option, the value found and the value needed
 */
export function completeSampleOptions(options: SampleOptions): CompleteSampleOptions {
  return { ...DEFAULTS, ...checkOptions(SAMPLE_OPTIONS, options, "option") };
}

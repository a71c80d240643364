/**
 * Fields of a request for pictures: the table for reading requests and making the OpenAPI document.
 * It takes values and defaults from the library's `SAMPLE_OPTIONS`.
 *
 * @module
 */
import { firstFrames } from "../diffusion/context.ts";
import { SAMPLE_OPTIONS } from "../diffusion/sample_options.ts";
import { USUAL_FRAMES, USUAL_SAMPLING, USUAL_STRENGTH } from "../diffusion/usual_sampling.ts";
import type { RinConfig } from "../model/config.ts";
import type { OwnSampling } from "../model/own_sampling.ts";
import type { OptionSchema } from "../options/schema.ts";
import type { ServiceLimits } from "./limits.ts";

/** The network behind the pictures. */
export interface Network {
  readonly config: RinConfig;
  readonly classNames?: readonly string[];
  /** Its own way of sampling, which replaces the usual one where a request names no sampler. */
  readonly sampling?: OwnSampling;
}

/** One field of a request. */
export interface Field {
  readonly schema: OptionSchema;
  readonly about: string;
  /** Whether a request must have it. */
  readonly isNeeded?: boolean;
  /** Whether it is a file: base64 or a data URL in JSON, a file in a form. */
  readonly isFile?: boolean;
}

/** Formats of the answer. */
export const FORMATS = ["png", "grid", "json", "film", "apng", "gif"] as const;

/** The most evaluations of an image that a request can ask for. */
const MAX_STEPS = 1000;

/**
 * How pictures are made: the library's own options, under the limits of a service. The defaults are
 * those of `rin sample`.
 */
function sharedFields(
  { config, classNames = [], sampling }: Network,
  limits: ServiceLimits,
): Record<string, Field> {
  // A name can be a number, too.
  const named = classNames.map(Number).filter(Number.isSafeInteger);
  const maximum = named.reduce((most, name) => Math.max(most, name), config.numClasses - 1);
  const number = { type: "integer", minimum: 0, maximum } as const;
  const name = { type: "string", maxLength: 256 } as const;
  const oneClass = { oneOf: [number, name] } as const;
  return {
    count: {
      schema: { ...SAMPLE_OPTIONS.count, maximum: limits.queue, default: 1 },
      about: config.frames > 1 ? "Number of clips." : "Number of images.",
    },
    seed: {
      schema: SAMPLE_OPTIONS.seed,
      about: "Image i depends on the seed and i alone.",
    },
    steps: {
      schema: { ...SAMPLE_OPTIONS.steps, maximum: MAX_STEPS, default: USUAL_SAMPLING.steps },
      about: "Network evaluations of an image.",
    },
    sampler: {
      schema: { ...SAMPLE_OPTIONS.sampler, default: USUAL_SAMPLING.sampler },
      about: "dpm++ and heun are good from 10 to 25 steps on." +
        (sampling
          ? ` Without one, this network samples as its run does: ${sampling.sampler}, ` +
            `${sampling.steps} steps, variance ${sampling.variance}, along ${sampling.sampleSchedule}.`
          : ""),
    },
    times: {
      schema: SAMPLE_OPTIONS.times,
      about: "Times of the evaluations: even in t; closer at both ends; even in log-SNR.",
    },
    sampleSchedule: {
      schema: { ...SAMPLE_OPTIONS.sampleSchedule, maxLength: 64 },
      about: "Noise schedule of the evaluations; the network's own by default.",
    },
    timeDifference: {
      schema: SAMPLE_OPTIONS.timeDifference,
      about: "For ddpm, ddim, renoise: how many evaluations past the next one a step goes.",
    },
    eta: { schema: SAMPLE_OPTIONS.eta, about: "For ddim: share of fresh noise." },
    variance: {
      schema: SAMPLE_OPTIONS.variance,
      about: "For ddpm: variance of the fresh noise, the posterior's or beta_t.",
    },
    clip: {
      schema: SAMPLE_OPTIONS.clip,
      about: "Clip the estimate of x0 to [-1, 1], or not, or threshold it at that share of its " +
        "values, such as 0.995.",
    },
    warmStart: {
      schema: SAMPLE_OPTIONS.warmStart,
      about: "Share of the latents that a step passes on: 1 as in the paper, 0 for none.",
    },
    selfCondDecay: {
      schema: SAMPLE_OPTIONS.selfCondDecay,
      about: "Share of a step's initial latents that stays in those it passes on.",
    },
    interpolate: {
      schema: SAMPLE_OPTIONS.interpolate,
      about: "Two seeds: go from the first one's image to the second one's in `count` images.",
    },
    ...config.numClasses > 0 && {
      class: {
        schema: { oneOf: [number, name, { type: "array", items: oneClass }] },
        about:
          "Class by name or number, or several that the images take in turn, all by name or all by " +
          'number: a list, or "0..9".',
      },
      guidance: {
        schema: { ...SAMPLE_OPTIONS.guidance, default: USUAL_SAMPLING.guidance },
        about: "Classifier-free guidance: 1 is off, more keeps closer to the class.",
      },
    },
  };
}

/** Fields of `POST /v1/images`. */
export function imageFields(network: Network, limits: ServiceLimits): Record<string, Field> {
  const clips = network.config.frames > 1;
  const file = { type: "string" } as const;
  const moving = "for clips a GIF or animated PNG file, whose first frames count";
  return {
    ...sharedFields(network, limits),
    image: {
      schema: file,
      isFile: true,
      about: `A picture to begin from, cropped and resized to the network's size${
        clips ? `; ${moving}` : ""
      }: PNG, JPEG, BMP or GIF of at most ${limits.pixels} pixels.`,
    },
    strength: {
      schema: { ...SAMPLE_OPTIONS.strength, default: undefined },
      about: `With image: how much of it to redraw (${USUAL_STRENGTH.whole} unless given, with ` +
        `mask ${USUAL_STRENGTH.masked}).`,
    },
    mask: {
      schema: file,
      isFile: true,
      about: "With image: a picture that marks in white what to redraw, and in black what to keep" +
        `${clips ? ", one for all frames or a clip" : ""}.`,
    },
    ...network.config.contextFrames > 0 && {
      context: {
        schema: file,
        isFile: true,
        isNeeded: true,
        about: `The clip to continue, cropped and resized to the network's size: the ` +
          `${firstFrames(network.config.contextFrames)} of a GIF or animated PNG file.`,
      },
    },
    format: {
      schema: { enum: FORMATS },
      about: 'The answer: one PNG ("png", the default where count is 1), one PNG with all ' +
        'side by side ("grid", the default of more), or each as base64 in JSON ("json"). ' +
        (clips
          ? 'These PNGs are animated, as is "apng"; "film" is a PNG with a row for each clip and a ' +
            'column for each frame, "gif" a GIF.'
          : "To show the sampling: a PNG with a row for each image and a column for each of " +
            'its estimates ("film"), or an animated PNG or GIF ("apng", "gif").'),
    },
    ...!clips && {
      frames: {
        schema: { type: "integer", minimum: 1, maximum: MAX_STEPS },
        about: `For "film", "apng" and "gif": how many estimates on the way to show ` +
          `(${USUAL_FRAMES} unless given, but for "film").`,
      },
    },
  };
}

/**
 * Fields of `GET /v1/images/SEED.png`.
 *
 * @param identity identity of the network
 */
export function pictureFields(
  network: Network,
  limits: ServiceLimits,
  identity: string,
): Record<string, Field> {
  const { count: _count, interpolate: _interpolate, ...fields } = sharedFields(network, limits);
  return {
    ...fields,
    network: {
      schema: { type: "string", maxLength: 64 },
      about:
        `The network's hash, \`${identity}\`: with it the answer never changes, so caches keep ` +
        "it. Any other hash gets a 404.",
    },
  };
}

/** Fields of `GET /v1/images/stream`. */
export function streamFields(network: Network, limits: ServiceLimits): Record<string, Field> {
  const clips = network.config.frames > 1;
  return {
    ...sharedFields(network, limits),
    previews: {
      schema: { type: "integer", minimum: 0, maximum: 50, default: clips ? 0 : 10 },
      about: clips
        ? "How many estimates of each clip to send on the way, each as a whole clip."
        : "How many estimates of each image to send on the way.",
    },
  };
}

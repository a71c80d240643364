/**
 * What can be asked of a picture: the table that requests are read by and the OpenAPI document is made
 * from. It takes values and defaults from the library's `SAMPLE_OPTIONS`.
 *
 * @module
 */
import { SAMPLE_OPTIONS } from "../diffusion/sample_options.ts";
import { USUAL_SAMPLING } from "../diffusion/usual_sampling.ts";
import type { RinConfig } from "../model/config.ts";
import type { Schema } from "../model/schema.ts";
import type { ServiceLimits } from "./limits.ts";

/** The network that pictures are asked of. */
export interface Network {
  readonly config: RinConfig;
  readonly classNames?: readonly string[];
}

/** One field of a request. */
export interface Field {
  readonly schema: Schema;
  readonly about: string;
}

/** The most evaluations of an image that a request may ask for. */
const MAX_STEPS = 1000;

/**
 * How pictures are made: the library's own options, under the limits of a service. The defaults are
 * those of `rin sample`.
 */
function sharedFields(
  { config, classNames = [] }: Network,
  limits: ServiceLimits,
): Record<string, Field> {
  // A name may be a number, too.
  const named = classNames.map(Number).filter(Number.isSafeInteger);
  const maximum = named.reduce((most, name) => Math.max(most, name), config.numClasses - 1);
  const number = { type: "integer", minimum: 0, maximum } as const;
  const name = { type: "string", maxLength: 256 } as const;
  const oneClass = { oneOf: [number, name] } as const;
  return {
    count: {
      schema: { ...SAMPLE_OPTIONS.count, maximum: limits.queue, default: 1 },
      about: "Number of images.",
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
      about: "dpm++ and heun are good from 10 to 25 steps on.",
    },
    times: {
      schema: SAMPLE_OPTIONS.times,
      about: "Spread of the evaluations: even in t; closer at both ends; even in log-SNR.",
    },
    eta: { schema: SAMPLE_OPTIONS.eta, about: "Of ddim: share of fresh noise." },
    variance: {
      schema: SAMPLE_OPTIONS.variance,
      about: "Of ddpm: the fresh noise's, the posterior's or beta_t.",
    },
    clip: {
      schema: SAMPLE_OPTIONS.clip,
      about:
        "Clip the estimate of x0 to [-1, 1], or not, or by dynamic thresholding at that share " +
        "of its values, such as 0.995.",
    },
    warmStart: {
      schema: SAMPLE_OPTIONS.warmStart,
      about: "How much of the latents goes from step to step: 1 all, as the paper, 0 none.",
    },
    ...config.numClasses > 0 && {
      class: {
        schema: { oneOf: [number, name, { type: "array", items: oneClass }] },
        about:
          "Class by name or number; or several that the images have in turn, all by name or all by " +
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
  return {
    ...sharedFields(network, limits),
    format: {
      schema: { enum: ["png", "grid", "json"] },
      about: 'What is answered: one PNG ("png", the default where count is 1), one PNG with all ' +
        'images side by side ("grid", the default of more), or each as base64 in JSON ("json").',
    },
  };
}

/**
 * Fields of `GET /v1/images/SEED.png`.
 *
 * @param identity what the network is known by
 */
export function pictureFields(
  network: Network,
  limits: ServiceLimits,
  identity: string,
): Record<string, Field> {
  const { count: _, ...fields } = sharedFields(network, limits);
  return {
    ...fields,
    network: {
      schema: { type: "string", maxLength: 64 },
      about:
        `The network's hash, \`${identity}\`: with it the answer never changes, so that caches ` +
        "keep it. Another is answered with 404.",
    },
  };
}

/** Fields of `GET /v1/images/stream`. */
export function streamFields(network: Network, limits: ServiceLimits): Record<string, Field> {
  return {
    ...sharedFields(network, limits),
    previews: {
      schema: { type: "integer", minimum: 0, maximum: 50, default: 10 },
      about: "Estimates of each image that are shown on the way.",
    },
  };
}

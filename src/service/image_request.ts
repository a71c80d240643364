/**
 * Parses requests for pictures.
 *
 * @module
 */
import type { Decode } from "../data/decode_common.ts";
import { USUAL_FRAMES } from "../diffusion/usual_sampling.ts";
import type { SampleOptions } from "../diffusion/sample_options.ts";
import { planSampling } from "../diffusion/sampling.ts";
import type { FloatType } from "../graph/ops.ts";
import { pixelsOf } from "../model/example.ts";
import { ClassError, readClassList } from "../model/class_names.ts";
import { type Caption, captionOf } from "../picture/labelled_grid.ts";
import { recordedOf, type SampleRecord } from "../picture/record.ts";
import { HttpError } from "./answers.ts";
import type { Field, FORMATS, Network } from "./fields.ts";
import { type Beginning, type GivenPictures, readPictures } from "./given_pictures.ts";
import type { ServiceLimits } from "./limits.ts";
import { readFields } from "./read_fields.ts";

/** Settings that images of one batch share. */
export type BatchSettings =
  & Required<
    Pick<
      SampleOptions,
      | ("steps" | "sampler" | "times" | "timeDifference" | "eta" | "variance" | "clip")
      | ("warmStart" | "selfCondDecay" | "guidance")
    >
  >
  & Pick<SampleOptions, "interpolate" | "sampleSchedule">
  & Beginning["options"];

/** Requested pictures, or clips. */
export interface ImageRequest {
  readonly settings: BatchSettings;
  /** Requests with the same can be made together. */
  readonly alike: string;
  /** Evaluations of an image: the steps of its settings, or fewer where nothing is left to do. */
  readonly evaluations: number;
  readonly count: number;
  readonly seed: number;
  /** The class of each image, -1 for none. */
  readonly labels: readonly number[];
  /** Captions below the images of a grid. */
  readonly caption?: Caption;
  /** The record that their PNGs carry. */
  readonly record: SampleRecord;
  /** Given to `POST /v1/images`. */
  readonly format: typeof FORMATS[number];
  /** Requested estimates: to stream, or of a film. */
  readonly previews: number;
  /** Given to `GET /v1/images/SEED.png`. */
  readonly network?: string;
}

/** The context for reading a request. */
export interface RequestContext {
  readonly network: Network;
  readonly limits: ServiceLimits;
  /** The identity of the checkpoint for pictures' records. */
  readonly checkpoint: string;
  /** How its activations are stored, if that is not f32. */
  readonly precision?: FloatType;
  /** Decoder of the pictures in it. */
  readonly decode: Decode;
}

/** The values of fields, each of which fits its schema. */
interface Values extends GivenPictures {
  readonly count: number;
  readonly seed: number;
  readonly previews: number;
  readonly guidance: number;
  readonly class?: number | string | (string | number)[];
  readonly format?: ImageRequest["format"];
  readonly frames?: number;
  readonly network?: string;
}

/**
 * Parses a request.
 *
 * @param fields the fields that it can have
 * @throws {HttpError} 400, with one sentence
 */
export async function parseImageRequest(
  given: Readonly<Record<string, unknown>>,
  fields: Readonly<Record<string, Field>>,
  { network, limits, checkpoint, precision, decode }: RequestContext,
): Promise<ImageRequest> {
  const { config } = network;
  const lone = ["class", "guidance"].find((key) => Object.hasOwn(given, key));
  if (config.numClasses === 0 && lone) {
    throw new HttpError(400, `${lone} is given, but this network has no classes: leave it out`);
  }
  const own = Object.hasOwn(given, "sampler") ? undefined : network.sampling;
  const read = readFields(fields, { ...own, ...given });
  const values = { count: 1, guidance: 1, previews: 0, ...read } as
    & Values
    & BatchSettings;
  const { count, seed, class: wanted, network: hash, ...rest } = values;
  const { image, mask, context, strength, ...others } = rest;
  const { format = count === 1 ? "png" : "grid", frames, previews, ...sampling } = others;
  checkWork(values, limits);
  checkFormat({ ...values, format }, network, limits);
  const classes = wanted === undefined ? [] : classesOf(wanted, network);
  const labels = Array.from({ length: count }, (_, i) => classes[i % classes.length] ?? -1);
  const beginning = await readPictures({ image, mask, context, strength }, config, {
    decode,
    most: limits.pixels,
  });
  const settings: BatchSettings = { ...sampling, ...beginning.options };
  return {
    settings,
    // A path between two seeds depends on how many images it has.
    alike: JSON.stringify([
      { ...sampling, strength: settings.strength, ...beginning.hashes },
      sampling.interpolate && count,
    ]),
    evaluations: evaluationsOf(settings, count, network),
    count,
    seed,
    labels,
    caption: captionOf(classes, labels, network.classNames),
    record: {
      ...recordOf({ ...values, checkpoint, precision, class: classes }),
      ...beginning.hashes,
    },
    format,
    previews: isFilm(format) && config.frames === 1 ? frames ?? USUAL_FRAMES : previews,
    network: hash,
  };
}

/** Whether a format shows a sequence. */
export function isFilm(format: ImageRequest["format"]): boolean {
  return format === "film" || format === "apng" || format === "gif";
}

function checkWork(
  { count, steps, guidance }: Pick<Values & BatchSettings, "count" | "steps" | "guidance">,
  limits: ServiceLimits,
): void {
  const work = count * steps * (guidance === 1 ? 1 : 2);
  if (work <= limits.work) return;
  throw new HttpError(
    400,
    `count x steps is ${work}${guidance === 1 ? "" : " with guidance"}: this service ` +
      `does at most ${limits.work} for a request`,
  );
}

/** Refuses requests that one picture can't show. */
function checkFormat(
  { format, count, frames }: Pick<Values, "count" | "frames"> & Pick<ImageRequest, "format">,
  { config }: Network,
  limits: ServiceLimits,
): void {
  const wrong = (sentence: string) => new HttpError(400, sentence);
  if (format === "png" && count > 1) {
    throw wrong(`format is "png", one image, and count is ${count}: use "grid" or "json"`);
  }
  if (frames !== undefined && !isFilm(format)) {
    throw wrong(`frames is ${frames}, and format is "${format}": use "film", "apng" or "gif"`);
  }
  if (format === "film" && config.frames === 1 && frames === undefined) {
    throw wrong('format is "film", and frames is not given: it says how many columns there are');
  }
  if (format === "json") return;
  const shown = config.frames > 1 ? config.frames : isFilm(format) ? frames ?? USUAL_FRAMES : 1;
  const most = Math.floor(limits.pixels / (shown * pixelsOf(config)));
  if (count > Math.max(1, most)) {
    throw wrong(
      `count is ${count}, and one picture of format "${format}" holds at most ${
        Math.max(1, most)
      } here: use "json"`,
    );
  }
}

/** Counts the evaluations, and refuses settings that don't go together. */
function evaluationsOf(settings: BatchSettings, count: number, { config }: Network): number {
  try {
    return planSampling(config, { ...settings, count }).steps.length;
  } catch (thrown) {
    if (!(thrown instanceof RangeError)) throw thrown;
    throw new HttpError(400, thrown.message);
  }
}

function classesOf(
  wanted: NonNullable<Values["class"]>,
  { config, classNames }: Network,
): number[] {
  const asked = typeof wanted === "number" ? [wanted] : wanted;
  try {
    return readClassList(asked, config.numClasses, classNames);
  } catch (thrown) {
    if (!(thrown instanceof ClassError)) throw thrown;
    throw new HttpError(400, thrown.message);
  }
}

/** As `rin sample` writes it, so that `--like` repeats the picture. */
function recordOf(
  { checkpoint, class: classes, ...values }: Omit<Values & BatchSettings, "class"> & {
    readonly checkpoint: string;
    readonly precision?: FloatType;
    readonly class: readonly number[];
  },
): SampleRecord {
  const { clip } = values;
  return {
    checkpoint,
    ...recordedOf({
      ...values,
      clip: typeof clip === "number" ? String(clip) : clip ? "on" : "off",
      class: classes.length > 0 ? classes.join(",") : undefined,
    }),
  };
}

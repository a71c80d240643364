/**
 * Parses requests for pictures.
 *
 * @module
 */
import type { SampleOptions } from "../diffusion/sample_options.ts";
import { ClassError, readClassList } from "../model/class_names.ts";
import { type Caption, captionOf } from "../picture/labelled_grid.ts";
import { RECORDED, type SampleRecord } from "../picture/record.ts";
import { HttpError } from "./answers.ts";
import type { Field, Network } from "./fields.ts";
import type { ServiceLimits } from "./limits.ts";
import { readFields } from "./read_fields.ts";

/** What images are made with that are made together. */
export type BatchSettings = Required<
  Pick<
    SampleOptions,
    "steps" | "sampler" | "times" | "eta" | "variance" | "clip" | "warmStart" | "guidance"
  >
>;

/** Pictures that are asked for. */
export interface ImageRequest {
  readonly settings: BatchSettings;
  readonly count: number;
  readonly seed: number;
  /** The class of each image, -1 for none. */
  readonly labels: readonly number[];
  /** What stands below the images of a grid. */
  readonly caption?: Caption;
  /** What their PNGs say that they were made with. */
  readonly record: SampleRecord;
  /** Given to `POST /v1/images`. */
  readonly format: "png" | "grid" | "json";
  /** Given to `GET /v1/images/stream`. */
  readonly previews: number;
  /** Given to `GET /v1/images/SEED.png`. */
  readonly network?: string;
}

/**
 * Parses a request.
 *
 * @param fields those that it may have
 * @param checkpoint what pictures are to say that they were made with
 * @throws {HttpError} 400, with one sentence
 */
export function parseImageRequest(
  given: Readonly<Record<string, unknown>>,
  fields: Readonly<Record<string, Field>>,
  { network, limits, checkpoint }: {
    readonly network: Network;
    readonly limits: ServiceLimits;
    readonly checkpoint: string;
  },
): ImageRequest {
  const { numClasses } = network.config;
  const lone = ["class", "guidance"].find((key) => Object.hasOwn(given, key));
  if (numClasses === 0 && lone) {
    throw new HttpError(400, `${lone} is given, and this network knows no classes: leave it out`);
  }
  const values = { count: 1, guidance: 1, previews: 0, ...readFields(fields, given) };
  const { count, seed, format, previews, network: hash, class: wanted, ...rest } = values as
    & typeof values
    & Pick<ImageRequest, "seed" | "network">
    & { format?: ImageRequest["format"]; class?: unknown };
  const settings = rest as unknown as BatchSettings;
  const work = count * settings.steps * (settings.guidance === 1 ? 1 : 2);
  if (work > limits.work) {
    throw new HttpError(
      400,
      `count x steps is ${work}${settings.guidance === 1 ? "" : " with guidance"}: this service ` +
        `does at most ${limits.work} for a request`,
    );
  }
  if (format === "png" && count > 1) {
    throw new HttpError(
      400,
      `format is "png", one image, and count is ${count}: use "grid" or "json"`,
    );
  }
  const classes = wanted === undefined ? [] : classesOf(wanted, network);
  const labels = Array.from({ length: count }, (_, i) => classes[i % classes.length] ?? -1);
  return {
    settings,
    count,
    seed,
    labels,
    caption: captionOf(classes, labels, network.classNames),
    record: recordOf({ ...values, checkpoint, class: classes }),
    format: format ?? (count === 1 ? "png" : "grid"),
    previews,
    network: hash,
  };
}

function classesOf(wanted: unknown, { config, classNames }: Network): number[] {
  const asked = typeof wanted === "number" ? [wanted] : wanted as string | (string | number)[];
  try {
    return readClassList(asked, config.numClasses, classNames);
  } catch (thrown) {
    if (!(thrown instanceof ClassError)) throw thrown;
    throw new HttpError(400, thrown.message);
  }
}

/** As `rin sample` writes it, so that `--like` repeats the picture. */
function recordOf(
  { checkpoint, class: classes, ...values }: Readonly<Record<string, unknown>> & {
    readonly checkpoint: string;
    readonly class: readonly number[];
  },
): SampleRecord {
  const { clip } = values;
  const written: Readonly<Record<string, unknown>> = {
    ...values,
    clip: typeof clip === "number" ? String(clip) : clip ? "on" : "off",
    class: classes.length > 0 ? classes.join(",") : undefined,
  };
  const known = RECORDED.filter((key) => written[key] !== undefined);
  return Object.fromEntries([
    ["checkpoint", checkpoint],
    ...known.map((key) => [key, written[key]]),
  ]);
}

/**
 * A visitor's settings, as a link's fragment, as the record of a picture, and as the sampler's
 * options.
 *
 * @module
 */
import type { SampleOptions } from "../src/diffusion/sample_options.ts";
import { SAMPLE_OPTIONS } from "../src/diffusion/sample_options.ts";
import type { SamplerName } from "../src/diffusion/samplers.ts";
import type { TimeSpacing } from "../src/diffusion/times.ts";
import { USUAL_SAMPLING } from "../src/diffusion/usual_sampling.ts";
import { ClassError, classListText, readClassList } from "../src/model/class_names.ts";
import { fits, needed, type Schema } from "../src/options/schema.ts";
import { clipOf, recordedOf, type SampleRecord } from "../src/picture/record.ts";

/** Everything that decides what is drawn, besides the network. */
export interface Settings {
  readonly seed: number;
  readonly count: number;
  readonly steps: number;
  readonly sampler: SamplerName;
  /** Classes of the pictures, in turn; none where empty. */
  readonly classes: readonly number[];
  readonly guidance: number;
  /** The number of the only picture to draw of `count`. */
  readonly index?: number;
  readonly times: TimeSpacing;
  readonly sampleSchedule?: string;
  readonly timeDifference: number;
  readonly eta: number;
  readonly variance: "small" | "large";
  /** As in a record: `on`, `off` or a share. */
  readonly clip: string;
  readonly warmStart: number;
  readonly selfCondDecay: number;
  readonly interpolate?: readonly [number, number];
}

/** Initial settings of a page; settings without a control are as `rin sample` has them. */
export const USUAL: Settings = {
  seed: 0,
  count: 16,
  ...USUAL_SAMPLING,
  classes: [],
  times: SAMPLE_OPTIONS.times.default,
  timeDifference: SAMPLE_OPTIONS.timeDifference.default,
  eta: SAMPLE_OPTIONS.eta.default,
  variance: SAMPLE_OPTIONS.variance.default,
  clip: "on",
  warmStart: SAMPLE_OPTIONS.warmStart.default,
  selfCondDecay: SAMPLE_OPTIONS.selfCondDecay.default,
};

/** The most pictures that are drawn at once, and the most evaluations of the network. */
export const MOST = { count: 100, steps: 1000 } as const;

/** Settings without a control, which come from a picture or a link alone. */
export const UNSEEN = [
  ...["times", "sampleSchedule", "timeDifference", "eta", "variance", "clip"] as const,
  ...["warmStart", "selfCondDecay", "interpolate"] as const,
] as const;

/** Settings that were read, and a sentence on each that could not be. */
export interface Reading {
  readonly settings: Settings;
  readonly problems: readonly string[];
}

/**
 * Reads settings by name, from a link or a record.
 *
 * @param fields values by name; missing ones are as in `base`
 * @param numClasses that the network knows
 * @param classNames names that a link can use; a record always has numbers
 */
export function readSettings(
  fields: Readonly<Record<string, unknown>>,
  base: Settings,
  numClasses: number,
  classNames?: readonly string[],
): Reading {
  const problems: string[] = [];
  const found: Record<string, unknown> = { ...base };
  const wrong = (name: string, needed: string) =>
    problems.push(`${name} is ${String(fields[name]).slice(0, 40)}: expected ${needed}.`);
  const number = (name: string, schema: Schema) => {
    if (fields[name] === undefined) return;
    const value = fields[name] === "" ? NaN : Number(fields[name]);
    if (fits(schema, value)) found[name] = value;
    else wrong(name, needed(schema));
  };
  const word = (name: string, schema: Schema) => {
    if (fields[name] === undefined) return;
    if (fits(schema, String(fields[name]))) found[name] = String(fields[name]);
    else wrong(name, needed(schema));
  };
  number("seed", SAMPLE_OPTIONS.seed);
  number("steps", { ...SAMPLE_OPTIONS.steps, maximum: MOST.steps });
  number("index", SAMPLE_OPTIONS.indices.items);
  // With an index, the page draws only one of `count` pictures.
  const { count } = SAMPLE_OPTIONS;
  number("count", found.index === undefined ? { ...count, maximum: MOST.count } : count);
  for (const name of ["sampler", "times", "sampleSchedule", "variance"] as const) {
    word(name, SAMPLE_OPTIONS[name]);
  }
  for (const name of ["timeDifference", "eta", "warmStart", "selfCondDecay", "guidance"] as const) {
    number(name, SAMPLE_OPTIONS[name]);
  }
  if (fields.clip !== undefined) {
    if (clipOf(String(fields.clip)) !== undefined) found.clip = String(fields.clip);
    else wrong("clip", "on, off, or a share above 0 and up to 1");
  }
  if (fields.interpolate !== undefined) {
    const seeds = String(fields.interpolate).split(",").map(Number);
    if (fits(SAMPLE_OPTIONS.interpolate, seeds) && Number(found.count) > 1) {
      found.interpolate = seeds;
    } else wrong("interpolate", "two seeds, and a count of 2 or more");
  }
  const asked = String(fields.class ?? "");
  if (asked !== "" && numClasses === 0) wrong("class", "none: this network has no classes");
  else if (asked !== "") {
    try {
      found.classes = readClassList(asked, numClasses, classNames);
    } catch (thrown) {
      if (!(thrown instanceof ClassError)) throw thrown;
      problems.push(`${thrown.message}.`);
    }
  }
  if (numClasses === 0 && found.guidance !== 1) {
    found.guidance = 1;
    problems.push("guidance is left out: this network has no classes.");
  }
  return { settings: found as unknown as Settings, problems };
}

/**
 * The fragment of a link that draws the same again, without its `#`.
 *
 * @param identity of the network; the link keeps a part of it, so that the page notices another
 *   network
 */
export function toFragment(
  settings: Settings,
  identity: string,
  numClasses: number,
  classNames?: readonly string[],
): string {
  const fields = new URLSearchParams();
  const add = (name: string, value: unknown) => fields.set(name, String(value));
  for (const name of ["seed", "count", "steps", "sampler"] as const) add(name, settings[name]);
  if (settings.index !== undefined) add("index", settings.index);
  if (settings.classes.length > 0) {
    add("class", classListText(settings.classes, numClasses, classNames));
  }
  if (settings.guidance !== 1) add("guidance", settings.guidance);
  for (const name of UNSEEN) {
    if (`${settings[name]}` !== `${USUAL[name]}`) add(name, settings[name]);
  }
  add("network", identity.slice(0, 12));
  return fields.toString().replaceAll("%2C", ",");
}

/** The fields of a link's fragment; none where it holds none. */
export function fromFragment(fragment: string): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(fragment.replace(/^#/, "")));
}

/** The record that `rin sample` would write of all pictures drawn with these settings. */
export function toRecord(
  settings: Settings,
  identity: string,
  precision?: string,
): SampleRecord {
  const { classes, ...rest } = settings;
  return {
    checkpoint: identity,
    ...recordedOf({
      ...rest,
      precision,
      class: classes.length > 0 ? classes.join(",") : undefined,
    }),
  };
}

/** The numbers of the pictures that are drawn. */
export function indicesOf({ count, index }: Settings): number[] {
  return index === undefined ? Array.from({ length: count }, (_, i) => i) : [index];
}

/** The class of a picture. */
export function labelOf({ classes }: Settings, index: number): number | undefined {
  return classes[index % classes.length];
}

/** The sampler's options. */
export function sampleOptions(settings: Settings): SampleOptions & { indices: number[] } {
  const { classes, clip, index: _, ...rest } = settings;
  const indices = indicesOf(settings);
  return {
    ...rest,
    clip: clipOf(clip)!,
    indices,
    ...classes.length > 0 && { labels: indices.map((index) => labelOf(settings, index)!) },
  };
}

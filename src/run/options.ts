/**
 * Options of a run: its data, and its outputs.
 *
 * @module
 */
import type { SamplerName } from "../diffusion/samplers.ts";
import { SAMPLE_OPTIONS } from "../diffusion/sample_options.ts";
import { parseSchedule } from "../diffusion/schedule.ts";
import { USUAL_SAMPLING } from "../diffusion/usual_sampling.ts";
import { ConfigError } from "../model/config.ts";
import { checkOptions, type OptionSchema } from "../options/schema.ts";

/** Everything about a run that is neither its network nor its training. It travels in every checkpoint. */
export interface RunOptions {
  /**
   * The data: "faces" (118 emoji faces), "emoji" (all 3,786), a folder of pictures, a folder with
   * CelebA, an IDX file, a folder of clips, or a file from `rin data prepare`.
   */
  readonly data: string;
  /** Whether to mirror images left to right at random. */
  readonly flip: boolean;
  /** Side of the stored images over that of the network's; each step cuts its squares at random. */
  readonly cropScale: number;
  /** Clips: from one frame that is taken to the next. */
  readonly frameStride: number;
  /**
   * Classes of the images: "none", "auto" (sub-folders, or labels next to an IDX file), or a file
   * of labels.
   */
  readonly labels: string;
  /**
   * Meaning of folders called train, val and test: "auto" takes them for splits, "classes" for
   * classes.
   */
  readonly folders: "auto" | "classes";
  /** CelebA: two classes by one attribute, such as "Smiling". */
  readonly labelAttribute?: string;
  /** Share of the images held out for validation; by default the data source's own. */
  readonly validFraction?: number;
  /** Steps between validations. */
  readonly validEvery: number;
  /** Images validated on, at most. */
  readonly validCount: number;
  /** Steps between grids of samples. */
  readonly sampleEvery: number;
  /** Images in the last grid; earlier grids show the first 16 of them. */
  readonly sampleCount: number;
  /** How samples are made. A network with context frames continues validation clips. */
  readonly sampleSampler: SamplerName;
  /** Network evaluations of a sample. */
  readonly sampleSteps: number;
  /** "ddpm": the variance of a sample's fresh noise. */
  readonly sampleVariance: "small" | "large";
  /**
   * The noise schedule of samples, where it isn't the network's. `rin sample` then samples as the
   * run does by default.
   */
  readonly sampleSchedule?: string;
  /** Steps between checkpoints. */
  readonly saveEvery: number;
  /** Steps between checkpoints kept in addition to the last and the best; 0 keeps none. */
  readonly keepEvery: number;
  /** How many of them are kept, the newest; 0 keeps all. */
  readonly keepCheckpoints: number;
  /** When a file of the run can't be written: train on and try again at the next checkpoint, or stop. */
  readonly onSaveError: "continue" | "stop";
  /**
   * When the loss or gradient of a step is not finite, and the step changes nothing: continue, or
   * stop.
   */
  readonly onNan: "skip" | "stop";
  /** Steps between measurements of moments. */
  readonly logEvery: number;
}

/** The defaults: those of the `faces` preset. */
export const DEFAULT_RUN_OPTIONS: RunOptions = {
  data: "faces",
  flip: false,
  cropScale: 1,
  frameStride: 1,
  labels: "none",
  folders: "auto",
  validEvery: 250,
  validCount: 16,
  sampleEvery: 500,
  sampleCount: 64,
  sampleSampler: USUAL_SAMPLING.sampler,
  sampleSteps: USUAL_SAMPLING.steps,
  sampleVariance: SAMPLE_OPTIONS.variance.default,
  saveEvery: 250,
  keepEvery: 0,
  keepCheckpoints: 0,
  onSaveError: "continue",
  onNan: "skip",
  logEvery: 50,
};

/** The options that are one of a few words. */
export const RUN_CHOICES = {
  folders: ["auto", "classes"],
  onSaveError: ["continue", "stop"],
  onNan: ["skip", "stop"],
} as const satisfies Partial<Record<keyof RunOptions, readonly string[]>>;

const count = { type: "integer", minimum: 1 } as const;
const countOrNone = { ...count, minimum: 0 } as const;

const TABLE = {
  data: { type: "string" },
  flip: { type: "boolean" },
  cropScale: { type: "number", minimum: 1, maximum: 4 },
  frameStride: count,
  labels: { type: "string" },
  folders: { enum: RUN_CHOICES.folders },
  labelAttribute: { type: "string" },
  // The data reader checks shares.
  validFraction: { type: "number" },
  validEvery: count,
  validCount: count,
  sampleEvery: count,
  sampleCount: SAMPLE_OPTIONS.count,
  sampleSampler: SAMPLE_OPTIONS.sampler,
  sampleSteps: SAMPLE_OPTIONS.steps,
  sampleVariance: SAMPLE_OPTIONS.variance,
  sampleSchedule: { type: "string" },
  saveEvery: count,
  keepEvery: countOrNone,
  keepCheckpoints: countOrNone,
  onSaveError: { enum: RUN_CHOICES.onSaveError },
  onNan: { enum: RUN_CHOICES.onNan },
  logEvery: count,
} satisfies Record<keyof RunOptions, OptionSchema>;

/**
 * Fills in the defaults and checks the values.
 *
 * @throws {ConfigError} naming the option, the value found and the value needed
 */
export function completeRunOptions(options: Partial<RunOptions>): RunOptions {
  const given = checkOptions(TABLE, options, "run option", ConfigError);
  if (given.sampleSchedule !== undefined) parseSchedule(given.sampleSchedule);
  return { ...DEFAULT_RUN_OPTIONS, ...given };
}

/**
 * `rin attention`.
 *
 * @module
 */
import { watchReading } from "../../src/diffusion/reading.ts";
import { Rin } from "../../src/diffusion/rin.ts";
import { USUAL_FRAMES, USUAL_SAMPLING } from "../../src/diffusion/usual_sampling.ts";
import { folderOf, makeFolder, writeFile } from "../../src/files/write_file.ts";
import type { RinConfig } from "../../src/model/config.ts";
import { planeSize } from "../../src/model/example.ts";
import { sidesOf } from "../../src/model/image_size.ts";
import { identityOf, sha256 } from "../../src/model/identity.ts";
import { recordedOf, type SampleRecord } from "../../src/picture/record.ts";
import { openCheckpoint } from "../../src/run/checkpoint_file.ts";
import { figuresOf, figuresText, type StepFigures, stepFigures } from "../attention/figures.ts";
import { enlargement, heatFile, type ShownStep } from "../attention/film.ts";
import { EACH, type HeatRow, heatRows } from "../attention/rows.ts";
import type { Command } from "../command.ts";
import { UsageError } from "../errors.ts";
import { FORCE_OPTION, freePath, refuseOverwrite } from "../files/overwrite.ts";
import {
  CHECKPOINT_OPTION,
  CONFIG_OPTION,
  givenCheckpoint,
  givenConfig,
} from "../options/checkpoint_options.ts";
import { readClasses } from "../options/classes.ts";
import { DEVICE_OPTIONS, deviceRequest } from "../options/device_options.ts";
import { type Given, type Option, type Value, withDefaults } from "../options/options.ts";
import { ownUnlessGiven, sampledAs } from "../options/own_sampling.ts";
import {
  numberWithin,
  readSampler,
  SAMPLER_OPTIONS,
  samplingNumber,
} from "../options/sampler_options.ts";
import { pictureOrigin } from "../samples/origins.ts";
import { readPicture } from "../samples/picture.ts";
import { INTERRUPTED, interruptible } from "../terminal/interrupt.ts";
import { print, Terminal } from "../terminal/terminal.ts";

/** Steps that a grid shows. */
const COLUMNS = 8;

/** Pixels of the file at most, of all of an animation's frames together. */
const MOST_PIXELS = 100e6;

const what: Option[] = [
  CHECKPOINT_OPTION,
  {
    key: "image",
    type: "text",
    value: "FILE",
    help: "show the reading of this picture, which each step gets with its own share of noise " +
      "(default: of the picture that the network draws)",
  },
  {
    key: "class",
    type: "text",
    value: "NAME",
    help: "class of the picture, by name or number (default: none)",
  },
  {
    key: "guidance",
    type: "number",
    help: "classifier-free guidance; shows the pass with the class",
    default: USUAL_SAMPLING.guidance,
  },
  {
    key: "each",
    type: EACH,
    help:
      "a heat map for each block, for each head of each block, or for each latent in all blocks",
    default: EACH[0],
  },
  {
    key: "block",
    type: "integer",
    help: "count this block only, from 0 as in the parameters' names (default: all)",
  },
  {
    key: "frames",
    type: "integer",
    help:
      "images: how many steps to show, as columns of a .png or as frames of an .apng or .gif; " +
      `1: the last one (default: ${COLUMNS}, of an animation ${USUAL_FRAMES})`,
  },
  {
    key: "out",
    type: "text",
    value: "FILE",
    help: "FILE.png: a grid; FILE.apng, FILE.gif: an animation (default: attention.png, or " +
      "attention-2.png and so on where there is one of other settings)",
  },
];

const technical: Option[] = [
  FORCE_OPTION,
  CONFIG_OPTION,
  { key: "json", type: "boolean", help: "print the figures as JSON" },
  { key: "quiet", type: "boolean", help: "show no progress" },
];

const groups = [
  { title: "Heat maps", options: what },
  // One picture is drawn at a time.
  { title: "Sampling", options: SAMPLER_OPTIONS.filter(({ key }) => key !== "batchSize") },
  { title: "Device", options: DEVICE_OPTIONS },
  { title: "Also", options: technical },
];

/** Shows where a network reads. */
export const attention: Command = {
  usage: "rin attention CHECKPOINT [options]",
  summary: "show where a network reads while it draws",
  about:
    "Draws one picture, and shows where the network's latents read it: heat maps step by step, " +
    "and below them entropy and coverage as numbers. A patch's color goes from dark (an eighth of " +
    "the even share of the attention, or less) to bright (8 times, or more).",
  groups,
  examples: [
    "rin attention runs/faces",
    "rin attention runs/faces --seed 3 --out attention.gif",
    "rin attention runs/faces --image photo.png --each head --block 0",
    "rin attention runs/faces --each latent --frames 1 --out latents.png",
  ],
  run: runAttention,
};

async function runAttention(given: Given): Promise<number> {
  const path = givenCheckpoint(given);
  const file = await openCheckpoint(path, await givenConfig(given.flags.config));
  const { checkpoint } = file;
  const { config } = checkpoint;
  if (config.contextFrames > 0) {
    throw new UsageError(
      `${path} draws how a clip continues: rin attention shows networks that draw all frames`,
    );
  }
  const own = ownUnlessGiven(file, given.flags);
  const flags: Record<string, Value> = withDefaults([...what, ...SAMPLER_OPTIONS], {
    ...own,
    ...given.flags,
  });
  const { batchSize: _, ...sampler } = readSampler(flags);
  const out = flags.out === undefined ? undefined : String(flags.out);
  if (out !== undefined && !/\.(a?png|gif)$/i.test(out)) {
    throw new UsageError(`Cannot write ${out}: --out is a .png, .apng or .gif file`);
  }
  const each = flags.each as typeof EACH[number];
  const rows = heatRows(config, each, flags.block === undefined ? undefined : Number(flags.block));
  const frames = readFrames(flags, config.frames > 1, out);
  const moments = config.frames > 1 ? config.frames : Math.min(frames, sampler.steps);
  expectRoom(rows, moments, config);
  const labels = flags.class === undefined
    ? undefined
    : readClasses(String(flags.class), checkpoint);
  if (labels && labels.length > 1) {
    throw new UsageError(`--class is ${flags.class}: expected one class, as there is one picture`);
  }
  const picture = flags.image === undefined
    ? undefined
    : await readPicture("image", String(flags.image), config);
  const record: SampleRecord = Object.fromEntries([
    ["checkpoint", identityOf(await sha256(file.bytes), checkpoint.about)],
    ...Object.entries(recordedOf(flags)),
    ...labels ? [["class", labels.join()]] : [],
    ...picture ? [["image", picture.hash]] : [],
    ...[["frames", frames], ["attention", each]],
    ...flags.block === undefined ? [] : [["block", flags.block]],
  ]);
  const originOf = (path: string) => pictureOrigin(path, record);
  if (out !== undefined) {
    await makeFolder(folderOf(out));
    await refuseOverwrite(out, flags.force, originOf);
  }
  const request = deviceRequest(flags);
  const terminal = new Terminal(flags.quiet === true);
  if (own) terminal.note(sampledAs(own, flags));
  return await interruptible(async (signal) => {
    const device = await request();
    try {
      const rin = await Rin.load(device, file.bytes, { config });
      const shown: ShownStep[] = [], steps: StepFigures[] = [];
      await watchReading(rin, {
        ...sampler,
        labels,
        guidance: samplingNumber(flags, "guidance"),
        // Kept everywhere, it is put back, noised, after each step.
        ...picture && { image: picture.image, mask: new Float32Array(planeSize(config)) },
        signal,
        estimates: frames,
        onStep: (done, total) => terminal.progress(done, total),
        onReading: (reading) => {
          const { done, image, blocks } = reading;
          shown.push({ done, image, maps: rows.map((row) => row.mapOf(blocks)) });
          steps.push(stepFigures(reading));
        },
      });
      terminal.finish();
      const free = out ?? await freePath("attention.png", originOf);
      await writeFile(free, heatFile(free, config, shown, rows, record, device.provenance));
      const figures = figuresOf(config, steps);
      print(
        flags.json === true
          ? JSON.stringify({ out: free, ...figures }, null, 2)
          : `${figuresText(figures)}\n\nWrote ${rows.length} heat maps of each moment to ${free}`,
      );
      return 0;
    } catch (thrown) {
      terminal.finish();
      if (signal.aborted) return INTERRUPTED;
      throw thrown;
    } finally {
      device.destroy();
    }
  }, () => terminal.note("Stopping; nothing is written"));
}

/** How many steps are shown; of clips the last one alone, frame by frame. */
function readFrames(
  flags: Readonly<Record<string, Value>>,
  clips: boolean,
  out = "attention.png",
): number {
  if (!clips) {
    return flags.frames === undefined
      ? /\.png$/i.test(out) ? COLUMNS : USUAL_FRAMES
      : numberWithin(flags, "frames", 1, 1000);
  }
  if (flags.frames === undefined) return 1;
  throw new UsageError(
    "--frames is only for networks of images: of a clip, all frames are shown in its last step; " +
      "leave it out",
  );
}

/** @throws {UsageError} when the heat maps are too many for one file */
function expectRoom(rows: readonly HeatRow[], moments: number, config: RinConfig): void {
  const { width, height } = sidesOf(config.imageSize);
  const times = enlargement(config);
  const each = (rows.length + 1) * width * height * times ** 2;
  if (each * moments <= MOST_PIXELS) return;
  const most = Math.floor(MOST_PIXELS / each);
  throw new UsageError(
    `Cannot draw ${rows.length} heat maps of ${times * width} x ${
      times * height
    } px at ${moments} moments into one file: ` +
      (most > 0 && config.frames === 1 ? `use --frames ${most} or less` : "use --each block"),
  );
}

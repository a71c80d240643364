/**
 * `rin sample`.
 *
 * @module
 */
import { Rin } from "../../src/diffusion/rin.ts";
import { SAMPLE_OPTIONS } from "../../src/diffusion/sample_options.ts";
import {
  USUAL_FRAMES,
  USUAL_SAMPLING,
  USUAL_STRENGTH,
} from "../../src/diffusion/usual_sampling.ts";
import { type Given as GivenPicture, maskOf } from "../../src/data/given_picture.ts";
import { folderOf } from "../../src/files/write_file.ts";
import { classNamesOf } from "../../src/model/class_names.ts";
import type { FloatType } from "../../src/graph/ops.ts";
import { firstFrames } from "../../src/diffusion/context.ts";
import type { DrawnConfig } from "../../src/model/example.ts";
import { type ImageSize, sidesOf } from "../../src/model/image_size.ts";
import { identityOf, sha256 } from "../../src/model/identity.ts";
import { fits } from "../../src/options/schema.ts";
import { captionOf } from "../../src/picture/labelled_grid.ts";
import { recordedOf, type SampleRecord } from "../../src/picture/record.ts";
import { openCheckpoint } from "../../src/run/checkpoint_file.ts";
import type { Command } from "../command.ts";
import { CommandError, UsageError } from "../errors.ts";
import {
  CHECKPOINT_OPTION,
  checkpointIn,
  CONFIG_OPTION,
  givenCheckpoint,
  givenConfig,
} from "../options/checkpoint_options.ts";
import { readClasses } from "../options/classes.ts";
import { FORCE_OPTION, freePath } from "../files/overwrite.ts";
import { atImageSize } from "../files/resized_network.ts";
import { flagOf } from "../options/flag_name.ts";
import { DEVICE_OPTIONS, deviceRequest, PRECISION_OPTION } from "../options/device_options.ts";
import { type Given, type Option, type Value, withDefaults } from "../options/options.ts";
import { ownUnlessGiven, sampledAs } from "../options/own_sampling.ts";
import {
  numberWithin,
  readSampler,
  SAMPLER_OPTIONS,
  samplingNumber,
} from "../options/sampler_options.ts";
import { pictureOrigin } from "../samples/origins.ts";
import { writeSamples } from "../samples/outputs.ts";
import { type Picture, readPicture } from "../samples/picture.ts";
import { rememberCheckpoint } from "../samples/known_checkpoints.ts";
import { findCheckpoint, readRecord } from "../samples/record.ts";
import { INTERRUPTED, interruptible } from "../terminal/interrupt.ts";
import {
  expectFilled,
  numbersOf,
  type Shard,
  SHARD_OPTION,
  shardOf,
  shardPath,
} from "../shards/shard.ts";
import { print, Terminal } from "../terminal/terminal.ts";

const what: Option[] = [
  CHECKPOINT_OPTION,
  {
    key: "count",
    type: "integer",
    help: "number of images or clips (default: 16, or as many of each of several classes)",
  },
  {
    key: "class",
    type: "text",
    value: "NAME,...",
    help:
      "class of the images, or classes that they take in turn, such as 0..9, which also label " +
      "a grid; all by name, or all by number (default: none)",
  },
  {
    key: "imageSize",
    type: "size",
    help:
      "side of the images, pixels, or WIDTHxHEIGHT, for networks with --positions stretched or " +
      "sincos (default: the size that the network was trained at)",
  },
  {
    key: "guidance",
    type: "number",
    help: "classifier-free guidance: 1 is off; more keeps closer to the class, at twice the work",
    default: USUAL_SAMPLING.guidance,
  },
  {
    key: "out",
    type: "text",
    value: "PATH",
    help:
      "FILE.png: a grid, of clips a filmstrip; FILE.apng, FILE.gif: an animation of the denoising, " +
      "or of clips; FILE.npz: a NumPy archive; FILE.tar or else a folder: numbered PNGs. Folders and " +
      "archives resume where they stopped (default: samples.png, or " +
      "samples-2.png and so on where there is one of other settings; of clips samples.apng)",
  },
  SHARD_OPTION,
  {
    key: "frames",
    type: "integer",
    help: "images: how many estimates on the way to show, as columns of a .png filmstrip or as " +
      `frames of an .apng or .gif (default there: ${USUAL_FRAMES})`,
  },
];

const beginning: Option[] = [
  {
    key: "image",
    type: "text",
    value: "FILE",
    help: "a picture to begin from, cropped and resized to the network's size; for clips a GIF " +
      "or animated PNG file or a folder of numbered frames, whose first ones count",
  },
  {
    key: "strength",
    type: "number",
    help: `with --image: how much of it to redraw, 0 to 1 (default: ${USUAL_STRENGTH.whole}, ` +
      `with --mask ${USUAL_STRENGTH.masked})`,
  },
  {
    key: "mask",
    type: "text",
    value: "FILE",
    help:
      "with --image: redraws white and keeps black; for clips one picture for all frames, or a " +
      "clip",
  },
  {
    key: "context",
    type: "text",
    value: "CLIP",
    help: "for networks trained with --context-frames: the clip to continue, such as a GIF or " +
      "animated PNG file or a folder of numbered frames, whose first ones count",
  },
  {
    key: "interpolate",
    type: "integers",
    value: "A,B",
    help: "go from seed A's first image to seed B's in --count images",
  },
  {
    key: "like",
    type: "text",
    value: "FILE.png",
    help: "repeat the settings of a PNG that rin sample made; other flags change them",
  },
];

const technical: Option[] = [
  FORCE_OPTION,
  CONFIG_OPTION,
  { key: "quiet", type: "boolean", help: "show no progress" },
];

const groups = [
  { title: "Images", options: what },
  { title: "Sampling", options: SAMPLER_OPTIONS },
  { title: "From a picture, between seeds, or again", options: beginning },
  { title: "Device", options: [...DEVICE_OPTIONS, PRECISION_OPTION] },
  { title: "Also", options: technical },
];

/** Makes images. */
export const sample: Command = {
  usage: "rin sample CHECKPOINT [options]",
  summary: "make images with a trained network",
  about:
    "Draws images or clips with a trained network, from the moving average of its weights if " +
    "the checkpoint has one. Every PNG records its settings.",
  groups,
  examples: [
    "rin sample --checkpoint runs/faces",
    "rin sample --checkpoint runs/faces --sampler dpm++ --steps 20 --count 1000 --out images/",
    "rin sample --checkpoint runs/faces --count 8 --frames 10 --out filmstrip.png",
    "rin sample --checkpoint runs/digits --class 0..9 --guidance 2",
    "rin sample --checkpoint runs/futures --context begun.gif --count 4",
    "rin sample --checkpoint runs/faces --count 50000 --out images/ --shard 0/8",
    "rin sample --like images/000017.png --out again.png",
  ],
  run: runSample,
};

async function runSample(given: Given): Promise<number> {
  const like = given.flags.like === undefined ? undefined : String(given.flags.like);
  const record = like === undefined ? undefined : await readRecord(like);
  const { checkpoint: hash, index, image, mask, context, label: _, ...repeated } = record ?? {};
  const path = checkpointIn(given) ??
    (hash === undefined
      ? givenCheckpoint(given)
      : await findCheckpoint(folderOf(like!), String(hash)));
  const config = await givenConfig(given.flags.config);
  const stored = await openCheckpoint(path, config);
  const imageSize = given.flags.imageSize ?? record?.imageSize;
  const file = imageSize === undefined ? stored : atImageSize(stored, imageSize as ImageSize);
  const own = record === undefined ? ownUnlessGiven(file, given.flags) : undefined;
  const flags: Record<string, Value> = withDefaults(groups.flatMap(({ options }) => options), {
    ...own,
    ...repeated,
    ...given.flags,
  });
  // Recorded only where it matters.
  if (flags.precision === "f32") delete flags.precision;
  const sampler = readSampler(flags);
  const clips = file.checkpoint.config.frames > 1;
  const found = identityOf(await sha256(file.bytes), file.checkpoint.about);
  if (hash !== undefined && found !== hash) {
    throw new CommandError(
      `Cannot repeat ${like}: it was made with a checkpoint of sha-256 ${
        String(hash).slice(0, 12)
      }..., and ${file.path} has ${found.slice(0, 12)}...`,
    );
  }
  await rememberCheckpoint(found, file.path);
  expectContext(flags, file.checkpoint.config, file.path);
  const wanted = { image, mask, context };
  const pictures = await readPictures(flags, file.checkpoint.config, wanted);
  const classes = flags.class === undefined ? undefined : readClasses(
    String(flags.class),
    file.checkpoint,
    given.flags.class === undefined ? [] : undefined,
  );
  flags.count ??= defaultCount(classes);
  const count = samplingNumber(flags, "count");
  const shard = readShard(flags, count, index !== undefined);
  const labels = classes && Array.from({ length: count }, (_, i) => classes[i % classes.length]);
  const frames = flags.frames === undefined ? undefined : numberWithin(flags, "frames", 1, 1000);
  const options = {
    ...sampler,
    ...pictures.options,
    count,
    indices: index === undefined ? shard && numbersOf(shard, count) : [Number(index)],
    guidance: samplingNumber(flags, "guidance"),
    interpolate: readSeeds(flags.interpolate),
  };
  const recorded: SampleRecord = Object.fromEntries([
    ["checkpoint", found],
    ...file === stored ? [] : [["imageSize", file.checkpoint.config.imageSize]],
    ...Object.entries(recordedOf(flags)),
    ...classes ? [["class", classes.join(",")]] : [],
    ...Object.entries(pictures.hashes ?? {}),
    ...index === undefined ? [] : [["label", labels?.[Number(index)]], ["index", index]]
      .filter(([, value]) => value !== undefined),
  ]);

  const request = deviceRequest(flags);
  const terminal = new Terminal(flags.quiet === true);
  if (own) terminal.note(sampledAs(own, flags));
  const stopped = "Stopping; finished pictures stay, and the same command continues after them";
  return await interruptible(async (signal) => {
    const device = await request();
    try {
      const rin = await Rin.load(device, file.bytes, {
        config: file.checkpoint.config,
        precision: flags.precision as FloatType | undefined,
      });
      const start = performance.now();
      const onStep = (done: number, total: number) => terminal.progress(done, total);
      const out = flags.out === undefined
        ? await freePath(
          clips ? "samples.apng" : "samples.png",
          (path) => pictureOrigin(path, recorded),
        )
        : shard && /\.(npz|tar)$/i.test(String(flags.out))
        ? shardPath(String(flags.out), shard)
        : String(flags.out);
      const written = await writeSamples({
        rin,
        options: { ...options, signal, onStep },
        record: recorded,
        labels,
        caption: captionOf(classes, labels, classNamesOf(file.checkpoint)),
        out,
        shard,
        force: flags.force === true,
        frames,
        note: (text) => terminal.note(text),
      });
      terminal.finish();
      const seconds = ((performance.now() - start) / 1000).toFixed(1);
      const { width, height } = sidesOf(rin.config.imageSize);
      print(`Wrote ${written} of ${width}x${height} to ${out} in ${seconds} s`);
      return 0;
    } catch (thrown) {
      terminal.finish();
      if (signal.aborted) return INTERRUPTED;
      throw thrown;
    } finally {
      device.destroy();
    }
  }, () => terminal.note(stopped));
}

/**
 * The share of the images that flags ask for.
 *
 * @throws {UsageError} when it would be empty, or has no place to go
 */
function readShard(
  flags: Readonly<Record<string, Value>>,
  count: number,
  one: boolean,
): Shard | undefined {
  const shard = shardOf(flags);
  if (shard === undefined) return undefined;
  if (one) throw new UsageError("--shard is for many images: a picture made again is one");
  if (flags.out === undefined) {
    throw new UsageError("--shard needs --out: a folder, or a .npz or .tar file");
  }
  expectFilled(shard, count, "images");
  return shard;
}

/** Equally many images of each class. */
function defaultCount(classes: readonly number[] = [0]): number {
  return classes.length * Math.ceil(16 / classes.length);
}

/** @throws {UsageError} when a network lacks the clip to continue, or takes none */
function expectContext(
  { context }: Readonly<Record<string, Value>>,
  { contextFrames }: DrawnConfig,
  path: string,
): void {
  if (contextFrames > 0 && context === undefined) {
    throw new UsageError(
      `${path} draws how a clip continues: give its ${
        firstFrames(contextFrames)
      } with --context CLIP`,
    );
  }
  if (contextFrames === 0 && context !== undefined) {
    throw new UsageError(
      `--context is for networks trained with --context-frames, and ${path} draws all frames: ` +
        `leave it out`,
    );
  }
}

/** The pictures and clips that the flags name, which must be those of a record. */
async function readPictures(
  flags: Readonly<Record<string, Value>>,
  size: DrawnConfig,
  wanted: Readonly<Partial<Record<GivenPicture, Value>>>,
) {
  const found: Partial<Record<GivenPicture, Picture>> = {};
  for (const key of ["image", "mask", "context"] as const) {
    if (flags[key] !== undefined) found[key] = await readPicture(key, String(flags[key]), size);
    if (wanted[key] !== undefined && found[key]?.hash !== wanted[key]) {
      throw new CommandError(
        `Cannot repeat ${flags.like}: it was made from another ${key}: give the same ${
          flagOf(key)
        }`,
      );
    }
  }
  const { image, mask, context } = found;
  const continued = {
    options: context && { context: context.image },
    hashes: context && { context: context.hash },
  };
  if (image === undefined) {
    const lone = ["mask", "strength"].find((key) => flags[key] !== undefined);
    if (lone) throw new UsageError(`${flagOf(lone)} needs --image`);
    return continued;
  }
  const strength = flags.strength === undefined
    ? USUAL_STRENGTH[mask ? "masked" : "whole"]
    : samplingNumber(flags, "strength");
  return {
    options: {
      ...continued.options,
      ...{ image: image.image, strength, ...mask && { mask: maskOf(mask.image) } },
    },
    hashes: { image: image.hash, ...mask && { mask: mask.hash }, ...continued.hashes },
  };
}

function readSeeds(value: Value | undefined): [number, number] | undefined {
  if (value === undefined) return undefined;
  const seeds = [value].flat().map(Number);
  if (fits(SAMPLE_OPTIONS.interpolate, seeds)) {
    return [seeds[0], seeds[1]];
  }
  throw new UsageError(`--interpolate is ${value}: expected two seeds, such as 3,8`);
}

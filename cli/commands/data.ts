/**
 * `rin data`: prepared data sets.
 *
 * @module
 */
import { checkFraction, checkPicture } from "../../src/data/dataset.ts";
import { leftOutLines } from "../../src/data/left_out.ts";
import { prepare } from "../../src/data/prepare.ts";
import { pictureOf } from "../../src/data/prepared_format.ts";
import type { Channels } from "../../src/model/config.ts";
import { type ImageSize, sidesOf } from "../../src/model/image_size.ts";
import { PreparedFile } from "../../src/data/prepared_file.ts";
import { type Resize, RESIZES } from "../../src/data/resize.ts";
import { openClips, openSource } from "../../src/data/open_source.ts";
import { RUN_CHOICES } from "../../src/run/options.ts";
import { type Command, programName } from "../command.ts";
import { UsageError } from "../errors.ts";
import { FORCE_OPTION, refuseOverwrite } from "../files/overwrite.ts";
import { preparedName, preparedOrigin } from "../files/prepared_output.ts";
import { quoted } from "../shell_words.ts";
import type { Given } from "../options/options.ts";
import { classLine, decodingProgress, skippedLines } from "../terminal/data_reporter.ts";
import { print, Terminal } from "../terminal/terminal.ts";
import { byteSize } from "../terminal/units.ts";

const IMAGE_SIZE = 64;
const CHANNELS = 3;

/** Makes and checks prepared data sets. */
export const data: Command = {
  usage: "rin data prepare SOURCE [options] | rin data check FILE",
  summary: "decode a data set once, into one file",
  about: "prepare decodes and resizes all images of SOURCE (anything that rin train takes as " +
    "--data) into one file. rin train --data FILE then starts at once, and the file need not " +
    "fit in memory. With --clips it stores all frames of the clips, for any --frames of the " +
    "training. The same command continues after an interruption. check compares a file with " +
    "its hashes.",
  groups: [{
    title: "Options",
    options: [
      {
        key: "imageSize",
        type: "size",
        help: "side of the stored images, pixels, or WIDTHxHEIGHT: those of training, times its " +
          "--crop-scale",
        default: IMAGE_SIZE,
      },
      {
        key: "channels",
        type: "integer",
        value: "1|3|4",
        help: "channels of the stored images, as for rin train: 1 gray, 3 RGB, 4 RGB and opacity",
        default: CHANNELS,
      },
      {
        key: "resize",
        type: RESIZES,
        help: "the antialiased filter that resizes images",
        default: RESIZES[0],
      },
      {
        key: "out",
        type: "text",
        value: "FILE",
        help:
          "the file to write (default: SOURCE-SIZEpx.rindata, with a hash of SOURCE's path if " +
          "another source's file has that name)",
      },
      FORCE_OPTION,
      {
        key: "validFraction",
        type: "number",
        help: "share of the images held out for validation, as for rin train",
      },
      {
        key: "clips",
        type: "boolean",
        help: "SOURCE holds clips: GIF or animated PNG files, or folders of numbered frames",
      },
      {
        key: "folders",
        type: RUN_CHOICES.folders,
        help: "meaning of folders called train, val and test, as for rin train",
        default: "auto",
      },
      { key: "quiet", type: "boolean", help: "print only results and errors" },
    ],
  }],
  examples: [
    "rin data prepare ~/pictures --image-size 64 --out pictures.rindata",
    "rin data check pictures.rindata",
    "rin train --data pictures.rindata --image-size 64",
  ],
  run: runData,
};

async function runData(given: Given): Promise<number> {
  const [verb, subject, ...more] = given.rest;
  const verbs: Record<string, (subject: string, given: Given) => Promise<number>> = {
    prepare: runPrepare,
    check: runCheck,
  };
  if (verb === undefined || !Object.hasOwn(verbs, verb)) {
    throw new UsageError(
      `${verb === undefined ? "Which of them?" : `There is no "data ${verb}":`} ` +
        `Give prepare SOURCE or check FILE, such as: ${programName()} data prepare photos`,
    );
  }
  if (subject === undefined || more.length > 0) {
    throw new UsageError(
      `rin data ${verb} takes one ${verb === "check" ? "file" : "source"}: found ` +
        `${given.rest.length - 1}`,
    );
  }
  return await verbs[verb](subject, given);
}

async function runPrepare(name: string, { flags }: Given): Promise<number> {
  const terminal = new Terminal(flags.quiet === true);
  const imageSize = (flags.imageSize ?? IMAGE_SIZE) as ImageSize;
  const channels = Number(flags.channels ?? CHANNELS) as Channels;
  const resize = flags.resize as Resize | undefined;
  const picture = { imageSize, channels, resize };
  const validFraction = flags.validFraction as number | undefined;
  checkPicture(name, picture);
  checkFraction(name, validFraction);
  const place = ["faces", "emoji"].includes(name)
    ? name
    : await Deno.realPath(name).catch(() => name);
  const onNote = (sentence: string) => terminal.note(sentence);
  const source = flags.clips === true
    ? await openClips(place, onNote)
    : await openSource(place, onNote, flags.folders as "auto" | "classes" | undefined);
  const wanted = { source: place, picture, clips: source.clips === true };
  const out = flags.out === undefined
    ? await preparedName(wanted, source.fingerprint)
    : String(flags.out);
  await refuseOverwrite(out, flags.force, (path) => preparedOrigin(path, wanted));
  terminal.note(
    `Decoding ${source.names.length} ${
      source.clips ? "clips" : "images"
    }; Ctrl-C stops, and the same command continues from there`,
  );
  const onProgress = decodingProgress(name, terminal, source.clips === true);
  await prepare(source, out, { picture, validFraction, onProgress });
  terminal.finish();
  const file = await PreparedFile.open(out);
  try {
    const { skipped, leftOut } = file.footer.facts;
    for (const line of skippedLines([...leftOut?.unreadable ?? [], ...skipped])) {
      terminal.note(line);
    }
    for (const line of leftOut ? leftOutLines(leftOut) : []) terminal.note(line);
    print(`${out}: ${description(file)}`);
    const clips = file.clips ? " --preset clips" : "";
    const kind = channels === CHANNELS ? "" : ` --channels ${channels}`;
    terminal.note(
      `Train with: ${programName()} train${clips} --data ${quoted(out)} --image-size ${imageSize}` +
        kind,
    );
  } finally {
    file.close();
  }
  return 0;
}

async function runCheck(path: string, { flags }: Given): Promise<number> {
  const terminal = new Terminal(flags.quiet === true);
  const file = await PreparedFile.open(path);
  try {
    await file.check((done, total) => terminal.progress(done, total, { checking: path }));
    terminal.finish();
    const each = file.clips ? "clip" : "image";
    print(`${path}: ${description(file)}; every ${each} matches its hash`);
  } finally {
    file.close();
  }
  return 0;
}

function description({ footer: { facts, lengths, heldOut }, file }: PreparedFile): string {
  const held = heldOut.reduce((sum, one) => sum + one, 0);
  const frames = lengths?.reduce((sum, length) => sum + length, 0);
  const what = lengths ? `clips with ${frames} frames` : "images";
  const { imageSize, channels } = pictureOf(facts);
  const { width, height } = sidesOf(imageSize);
  const kind = { 1: ", gray", 3: "", 4: ", with opacity" }[channels];
  return [
    `${facts.count} ${what} of ${width}x${height}${kind}, ${held} held out`,
    ...facts.resize ? [`resized with the ${facts.resize} filter`] : [],
    ...facts.skipped.length > 0
      ? [`${facts.skipped.length} ${lengths ? "clips" : "files"} left out`]
      : [],
    ...facts.classNames ? [`classes: ${classLine(facts.classNames)}`] : [],
    `${byteSize(file.length)}, from ${facts.source}`,
    ...facts.attribution ? [facts.attribution] : [],
  ].join("; ");
}

/**
 * `rin export`.
 *
 * @module
 */
import { readCheckpoint } from "../../src/model/checkpoint.ts";
import { ROUNDED_FROM, SAME_WEIGHTS_AS } from "../../src/model/identity.ts";
import { exportPix2seq } from "../../src/model/pix2seq/export.ts";
import type { Dtype } from "../../src/model/safetensors.ts";
import { openCheckpoint } from "../../src/run/checkpoint_file.ts";
import type { Command } from "../command.ts";
import { CommandError, UsageError } from "../errors.ts";
import { writeCheckpointFile } from "../files/checkpoint_output.ts";
import { FORCE_OPTION } from "../files/overwrite.ts";
import { samplingCheckpoint } from "../files/sampling_checkpoint.ts";
import {
  CHECKPOINT_OPTION,
  CONFIG_OPTION,
  givenCheckpoint,
  givenConfig,
} from "../options/checkpoint_options.ts";
import type { Given, Option } from "../options/options.ts";
import { print } from "../terminal/terminal.ts";

const options: Option[] = [
  {
    key: "dtype",
    type: ["f16", "f32"],
    help: "numbers of the file: half precision, or as trained (default: f16)",
  },
  {
    key: "layout",
    type: ["rin", "pix2seq"],
    help: "rin's own names, or the variables of the paper's code (google-research/pix2seq), in " +
      "f32, for networks like those of its presets",
    default: "rin",
  },
  {
    key: "out",
    type: "text",
    value: "FILE",
    help: "the file to write (default: beside the checkpoint, ending in -f16.safetensors, " +
      "-f32.safetensors or -pix2seq.safetensors)",
  },
  CHECKPOINT_OPTION,
  CONFIG_OPTION,
  FORCE_OPTION,
];

/** Writes the files that sampling needs. */
export const exportCommand: Command = {
  usage: "rin export CHECKPOINT [options]",
  summary: "write a small checkpoint, for sampling only",
  about:
    "Writes a checkpoint with only what sampling needs: the moving average of the weights (the " +
    "weights, if there is none), the config, and a few words on its training. It loads " +
    "wherever a checkpoint does, but training can't continue from it.",
  groups: [{ title: "Options", options }],
  examples: [
    "rin export runs/faces",
    "rin export runs/faces --dtype f32 --out faces.safetensors",
    "rin export runs/cifar10 --layout pix2seq",
  ],
  run: runExport,
};

async function runExport(given: Given): Promise<number> {
  const { flags } = given;
  const path = givenCheckpoint(given);
  const config = await givenConfig(flags.config);
  const file = await openCheckpoint(path, config);
  const pix2seq = flags.layout === "pix2seq";
  if (pix2seq && flags.dtype === "f16") {
    throw new UsageError("--layout pix2seq is written in f32: leave --dtype f16 out");
  }
  const dtype = (flags.dtype ?? "f16") as Dtype;
  const out = flags.out === undefined
    ? file.path.replace(/(\.safetensors)?$/, `-${pix2seq ? "pix2seq" : dtype}.safetensors`)
    : String(flags.out);
  if (await isSameFile(out, file.path)) {
    throw new CommandError(`--out is the checkpoint itself, ${out}: choose another file`);
  }
  const mb = (size: number) => `${(size / 1e6).toFixed(2)} MB`;
  const written = (size: number) =>
    print(`Wrote ${out}: ${mb(size)} instead of ${mb(file.bytes.length)}`);
  if (pix2seq) {
    const bytes = exportPix2seq(file.checkpoint);
    await writeCheckpointFile(out, bytes, flags.force, () => false);
    written(bytes.length);
    return 0;
  }
  const bytes = await samplingCheckpoint(file, dtype);
  const own = readCheckpoint(bytes).about ?? {};
  // The default name is the checkpoint's own, so that an older export of it can be replaced.
  await writeCheckpointFile(
    out,
    bytes,
    flags.force,
    ({ about = {} }) =>
      flags.out === undefined
        ? "made_by" in about
        : [SAME_WEIGHTS_AS, ROUNDED_FROM].some((key) => key in about && about[key] === own[key]),
  );
  written(bytes.length);
  return 0;
}

async function isSameFile(a: string, b: string): Promise<boolean> {
  const [first, second] = await Promise.all(
    [a, b].map((path) => Deno.realPath(path).catch(() => {})),
  );
  return first !== undefined && first === second;
}

/**
 * `rin export`.
 *
 * @module
 */
import { readCheckpoint } from "../../src/model/checkpoint.ts";
import { ROUNDED_FROM, SAME_WEIGHTS_AS } from "../../src/model/identity.ts";
import type { Dtype } from "../../src/model/safetensors.ts";
import { openCheckpoint } from "../../src/run/checkpoint_file.ts";
import type { Command } from "../command.ts";
import { CommandError } from "../errors.ts";
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
    help: "numbers of the file: half precision, or as they were trained",
    default: "f16",
  },
  {
    key: "out",
    type: "text",
    value: "FILE",
    help: "the file to write (default: beside the checkpoint, ending in -f16.safetensors)",
  },
  CHECKPOINT_OPTION,
  CONFIG_OPTION,
  FORCE_OPTION,
];

/** Writes what sampling needs. */
export const exportCommand: Command = {
  usage: "rin export CHECKPOINT [options]",
  summary: "write a small checkpoint, for sampling only",
  about:
    "Writes a checkpoint with nothing but what sampling needs: the moving average of the weights " +
    "(the weights, where there is none), the config, and a few words on what it was trained on. " +
    "It loads wherever a checkpoint does, but training can't go on from it.",
  groups: [{ title: "Options", options }],
  examples: ["rin export runs/faces", "rin export runs/faces --dtype f32 --out faces.safetensors"],
  run: runExport,
};

async function runExport(given: Given): Promise<number> {
  const { flags } = given;
  const path = givenCheckpoint(given);
  const config = await givenConfig(flags.config);
  const file = await openCheckpoint(path, config);
  const dtype = (flags.dtype ?? "f16") as Dtype;
  const out = flags.out === undefined
    ? file.path.replace(/(\.safetensors)?$/, `-${dtype}.safetensors`)
    : String(flags.out);
  if (await isSameFile(out, file.path)) {
    throw new CommandError(`--out is the checkpoint itself, ${out}: choose another file`);
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
  const mb = (size: number) => `${(size / 1e6).toFixed(2)} MB`;
  print(`Wrote ${out}: ${mb(bytes.length)} instead of ${mb(file.bytes.length)}`);
  return 0;
}

async function isSameFile(a: string, b: string): Promise<boolean> {
  const [first, second] = await Promise.all(
    [a, b].map((path) => Deno.realPath(path).catch(() => {})),
  );
  return first !== undefined && first === second;
}

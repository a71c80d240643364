/**
 * `rin import`.
 *
 * @module
 */
import { fileReason } from "../../src/files/errors.ts";
import { writeCheckpoint } from "../../src/model/checkpoint.ts";
import { ConfigError, type RinConfig } from "../../src/model/config.ts";
import { countParameters } from "../../src/model/parameters.ts";
import { shardOf } from "../../src/model/foreign_file.ts";
import { importPyTorch } from "../../src/model/pytorch/import.ts";
import { CheckpointError } from "../../src/model/safetensors.ts";
import type { Command } from "../command.ts";
import { CommandError, UsageError } from "../errors.ts";
import { writeCheckpointFile } from "../files/checkpoint_output.ts";
import { FORCE_OPTION } from "../files/overwrite.ts";
import type { Given, Option } from "../options/options.ts";
import { only, readConfigFile } from "../options/resolve.ts";
import { print } from "../terminal/terminal.ts";

const options: Option[] = [
  {
    key: "numHeads",
    type: "integer",
    help: "attention heads, which no tensor's shape tells; needed unless the file says",
  },
  {
    key: "config",
    type: "text",
    value: "FILE",
    help: "JSON file with network fields that win over what the file tells",
  },
  {
    key: "weights",
    type: "text",
    value: "NAME",
    help: "which weights to take where a file holds several, such as ema.online_model",
  },
  {
    key: "out",
    type: "text",
    value: "FILE",
    help: "the checkpoint to write (default: beside FILE, ending in .safetensors)",
  },
  FORCE_OPTION,
];

/** Converts a PyTorch file. */
export const importCommand: Command = {
  usage: "rin import FILE [options]",
  summary: "convert a PyTorch checkpoint",
  about:
    "Makes a checkpoint from one of the original project (ElianBelot/rin): Lightning's .ckpt, or a " +
    ".pt, .pth or .safetensors file with a state_dict. The file is read as data, nothing in it is " +
    "run. Sizes follow from the tensors.",
  groups: [{ title: "Options", options }],
  examples: [
    "rin import epoch=99.ckpt --num-heads 4",
    "rin import model.pt --config net.json --out faces.safetensors",
  ],
  run: runImport,
};

async function runImport({ flags, rest }: Given): Promise<number> {
  if (rest.length !== 1) {
    throw new UsageError(
      rest.length === 0
        ? "Which file? Give a .ckpt, .pt, .pth or .safetensors file: rin import FILE"
        : `One file at a time, please: got ${rest.length}`,
    );
  }
  const [path] = rest;
  const fields = flags.config === undefined
    ? {}
    : only("network", await readConfigFile(String(flags.config)));
  const heads = flags.numHeads === undefined ? {} : { numHeads: flags.numHeads };
  const bytes = await Deno.readFile(path).catch((thrown) => {
    throw new CommandError(`Cannot read ${path}: ${fileReason(thrown)}`);
  });
  const weights = flags.weights === undefined ? undefined : String(flags.weights);
  const given = { ...fields, ...heads } as Partial<RinConfig>;
  const checkpoint = convert(path, bytes, given, weights);
  const out = flags.out === undefined ? besides(path) : String(flags.out);
  await writeCheckpointFile(out, writeCheckpoint(checkpoint), flags.force, () => false);
  const { imageSize, numHeads } = checkpoint.config;
  const count = countParameters(checkpoint.config).toLocaleString("en-US");
  print(`Wrote ${out}: ${count} parameters, ${imageSize}x${imageSize} pixels, ${numHeads} heads`);
  const { taken, ignored } = checkpoint;
  print(
    `Took ${taken.parameters} as the weights` +
      (taken.ema === undefined
        ? ", no moving average"
        : ` and ${taken.ema} as their moving average`) +
      (ignored === 0 ? "" : `; left out ${ignored} other tensor${ignored === 1 ? "" : "s"}`),
  );
  return 0;
}

function convert(
  path: string,
  bytes: Uint8Array<ArrayBuffer>,
  given: Partial<RinConfig>,
  weights: string | undefined,
) {
  try {
    return importPyTorch(bytes, given, weights);
  } catch (thrown) {
    if (thrown instanceof ConfigError) {
      const message = thrown.message.replace(/: give it$/, ": give it with --num-heads");
      throw new ConfigError(`Cannot import ${path}: ${message}`);
    }
    if (thrown instanceof CheckpointError) {
      const message = thrown.message.replace(/: choose one by its name$/, ": give --weights NAME");
      throw new CheckpointError(`Cannot import ${path}: ${shardOf(path) ?? message}`);
    }
    throw thrown;
  }
}

/** `a/b.ckpt` to `a/b.safetensors`; never the file itself. */
function besides(path: string): string {
  const stem = path.replace(/\.(ckpt|pth?|bin|safetensors)$/i, "");
  return path.toLowerCase().endsWith(".safetensors")
    ? `${stem}-rin.safetensors`
    : `${stem}.safetensors`;
}

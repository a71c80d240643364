/**
 * `rin import`.
 *
 * @module
 */
import { fileReason } from "../../src/files/errors.ts";
import { writeCheckpoint } from "../../src/model/checkpoint.ts";
import { ConfigError, type RinConfig } from "../../src/model/config.ts";
import { sidesOf } from "../../src/model/image_size.ts";
import { countParameters } from "../../src/model/parameters.ts";
import { shardOf } from "../../src/model/foreign_file.ts";
import { NpzError, npzNames, readNpz } from "../../src/eval/npz.ts";
import { importPix2seq, isPix2seq } from "../../src/model/pix2seq/import.ts";
import { importPyTorch } from "../../src/model/pytorch/import.ts";
import { CheckpointError, type NamedArray, readSafetensors } from "../../src/model/safetensors.ts";
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
    help: "attention heads, needed if the file does not name them: no tensor's shape depends " +
      "on them",
  },
  {
    key: "config",
    type: "text",
    value: "FILE",
    help: "JSON file with network fields that override those of the file",
  },
  {
    key: "weights",
    type: "text",
    value: "NAME",
    help: "the weights to take from a file that holds several, such as ema.online_model",
  },
  {
    key: "out",
    type: "text",
    value: "FILE",
    help: "the checkpoint to write (default: beside FILE, ending in .safetensors)",
  },
  FORCE_OPTION,
];

/** Converts a file of another project. */
export const importCommand: Command = {
  usage: "rin import FILE [options]",
  summary: "convert a PyTorch checkpoint, or one of the paper's code",
  about:
    "Converts a checkpoint of the original project (ElianBelot/rin): Lightning's .ckpt, or a " +
    ".pt, .pth or .safetensors file with a state_dict. Also converts the variables of a " +
    "network of the paper's code (google-research/pix2seq) in an .npz or .safetensors file. " +
    "Reads the file as data and runs nothing in it. Sizes follow from the tensors.",
  groups: [{ title: "Options", options }],
  examples: [
    "rin import epoch=99.ckpt --num-heads 4",
    "rin import model.pt --config net.json --out faces.safetensors",
    "rin import cifar10.npz",
  ],
  run: runImport,
};

async function runImport({ flags, rest }: Given): Promise<number> {
  if (rest.length !== 1) {
    throw new UsageError(
      rest.length === 0
        ? "Which file? Give a .ckpt, .pt, .pth, .npz or .safetensors file: rin import FILE"
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
  const { width, height } = sidesOf(imageSize);
  const count = countParameters(checkpoint.config).toLocaleString("en-US");
  print(`Wrote ${out}: ${count} parameters, ${width}x${height} pixels, ${numHeads} heads`);
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
    const variables = pix2seqVariables(bytes);
    return variables
      ? importPix2seq(variables, given, weights)
      : importPyTorch(bytes, given, weights);
  } catch (thrown) {
    if (thrown instanceof NpzError) {
      throw new CheckpointError(`Cannot import ${path}: ${thrown.message}`);
    }
    if (thrown instanceof ConfigError) {
      const message = thrown.message.replace(/: give it$/, ": give it with --num-heads")
        .replace(/: give it in a config$/, ': give --config FILE with {"imageSize": N}');
      throw new ConfigError(`Cannot import ${path}: ${message}`);
    }
    if (thrown instanceof CheckpointError) {
      const message = thrown.message.replace(/: choose one by its name$/, ": give --weights NAME");
      throw new CheckpointError(`Cannot import ${path}: ${shardOf(path) ?? message}`);
    }
    throw thrown;
  }
}

/** The variables of a network of pix2seq; undefined where the file holds none. */
function pix2seqVariables(
  bytes: Uint8Array<ArrayBuffer>,
): ReadonlyMap<string, NamedArray> | undefined {
  // An .npz is a zip archive, as are the files of torch.save.
  if (bytes[0] === 0x50 && bytes[1] === 0x4b) {
    const names = namesIn(bytes);
    if (!isPix2seq(names)) return undefined;
    // One at a time, since they come as float64.
    return new Map(names.map((name) => {
      const { shape, data } = readNpz(bytes, [name])[name];
      return [name, { shape, data: Float32Array.from(data) }];
    }));
  }
  try {
    const { tensors } = readSafetensors(bytes);
    return isPix2seq(tensors.keys()) ? tensors : undefined;
  } catch (thrown) {
    if (thrown instanceof CheckpointError) return undefined;
    throw thrown;
  }
}

/** Names of the arrays of an archive; none where it is no .npz. */
function namesIn(bytes: Uint8Array<ArrayBuffer>): string[] {
  try {
    return npzNames(bytes);
  } catch (thrown) {
    if (thrown instanceof NpzError) return [];
    throw thrown;
  }
}

/** `a/b.ckpt` to `a/b.safetensors`; never the file itself. */
function besides(path: string): string {
  const stem = path.replace(/\.(ckpt|pth?|bin|npz|safetensors)$/i, "");
  return path.toLowerCase().endsWith(".safetensors")
    ? `${stem}-rin.safetensors`
    : `${stem}.safetensors`;
}

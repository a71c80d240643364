/**
 * Inputs of standard FID, from the files that a user gives.
 *
 * @module
 */
import { readStatistics, writeStatistics } from "../../src/eval/fid_statistics.ts";
import { Inception, INCEPTION_SIZE } from "../../src/eval/inception/inception.ts";
import { NpzError } from "../../src/eval/npz.ts";
import { fileReason } from "../../src/files/errors.ts";
import { writeFile } from "../../src/files/write_file.ts";
import type { Device } from "../../src/device/device.ts";
import { CheckpointError, readSafetensors } from "../../src/model/safetensors.ts";
import { CommandError, UsageError } from "../errors.ts";
import { refuseOverwrite } from "../files/overwrite.ts";
import type { Option, Value } from "../options/options.ts";
import type { FidParts } from "./parts.ts";

/** The flags of standard FID. */
export const FID_OPTIONS: Option[] = [
  {
    key: "inception",
    type: "text",
    value: "FILE",
    help: "also measure standard FID, with pytorch-fid's weights in this .safetensors file " +
      "(docs/evaluation.md says how to get it)",
  },
  {
    key: "statistics",
    type: "text",
    value: "FILE",
    help: "mu and sigma of the data as pytorch-fid saves them (.npz), in place of the run's images",
  },
  {
    key: "saveStatistics",
    type: "text",
    value: "FILE",
    help: "write the data's mu and sigma to a .npz file",
  },
];

/** The files that were given, read and checked. */
export interface FidFiles {
  readonly tensors: ReturnType<typeof readSafetensors>["tensors"];
  readonly parts: Omit<FidParts, "space">;
}

/**
 * Reads the files of the flags.
 *
 * @throws {UsageError} when flags don't go together
 * @throws {CommandError} when a file can't be used
 */
export async function readFidFiles(
  flags: Readonly<Record<string, Value>>,
): Promise<FidFiles | undefined> {
  const { inception, statistics, saveStatistics, force } = flags;
  if (inception === undefined) {
    const alone = statistics !== undefined ? "statistics" : saveStatistics && "save-statistics";
    if (alone) throw new UsageError(`--${alone} is for standard FID: give --inception FILE, too`);
    return undefined;
  }
  if (statistics !== undefined && saveStatistics !== undefined) {
    throw new UsageError("--statistics gives what --save-statistics would write: leave one out");
  }
  if (saveStatistics !== undefined) {
    // Which images they were of isn't in the file.
    await refuseOverwrite(String(saveStatistics), force, () => "other", "--save-statistics");
  }
  const path = String(inception);
  const bytes = await readGiven(path, "Inception weights");
  return {
    tensors: weights(path, bytes),
    parts: {
      statistics: statistics === undefined ? undefined : await known(String(statistics)),
      onStatistics: saveStatistics === undefined
        ? undefined
        : (measured) => writeFile(String(saveStatistics), writeStatistics(measured)),
    },
  };
}

/** Puts the network on the device. */
export async function openFid(gpu: Device, files: FidFiles, path: string): Promise<FidParts> {
  try {
    return { space: await Inception.create(gpu, files.tensors), ...files.parts };
  } catch (thrown) {
    throw notInception(path, thrown);
  }
}

function weights(path: string, bytes: Uint8Array): FidFiles["tensors"] {
  // A .pth is a zip archive with pickled Python inside, or pickled Python.
  if (bytes[0] === 0x50 && bytes[1] === 0x4b || bytes[0] === 0x80) {
    throw new CommandError(
      `Cannot use ${path}: it is a PyTorch file; convert it once with: ${CONVERT}`,
    );
  }
  try {
    return readSafetensors(bytes).tensors;
  } catch (thrown) {
    throw notInception(path, thrown);
  }
}

const CONVERT = `python3 -c "import torch; from safetensors.torch import save_file; ` +
  `save_file({k: v for k, v in torch.load('FILE.pth').items() if v.is_floating_point()}, ` +
  `'inception.safetensors')"`;

function notInception(path: string, thrown: unknown): unknown {
  if (!(thrown instanceof CheckpointError)) return thrown;
  return new CommandError(
    `Cannot use ${path} as Inception weights: ${thrown.message}; it must be made from pytorch-fid's ` +
      `pt_inception-2015-12-05 with: ${CONVERT}`,
  );
}

async function known(path: string): Promise<FidParts["statistics"]> {
  const bytes = await readGiven(path, "statistics");
  try {
    return readStatistics(bytes, INCEPTION_SIZE);
  } catch (thrown) {
    if (!(thrown instanceof NpzError)) throw thrown;
    throw new CommandError(`Cannot use statistics ${path}: ${thrown.message}`);
  }
}

async function readGiven(path: string, what: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return await Deno.readFile(path);
  } catch (thrown) {
    throw new CommandError(`Cannot read ${what} ${path}: ${fileReason(thrown)}`);
  }
}

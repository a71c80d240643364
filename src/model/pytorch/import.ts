/**
 * The networks of the original project (ElianBelot/rin, PyTorch) as checkpoints.
 *
 * @module
 */
import type { Checkpoint } from "../checkpoint.ts";
import { completeConfig, ConfigError, type RinConfig } from "../config.ts";
import { parameterLayout } from "../parameters.ts";
import { whatIsIt } from "../foreign_file.ts";
import { CheckpointError, readSafetensors, type SafeTensors } from "../safetensors.ts";
import { expectFinite } from "../finite.ts";
import { TRAINED_STEPS } from "../trained_steps.ts";
import { chooseWeights, type FoundWeights } from "./find_weights.ts";
import { inferConfig } from "./infer_config.ts";
import { describeTorch, type PyTorchFile, type Readable } from "./networks.ts";
import { isTorchFile, readTorchFile } from "./torch_file.ts";

/** A checkpoint, and which weights of the file became it. */
export interface ImportedCheckpoint extends Checkpoint {
  /** Names of the weights that were taken, such as `state_dict.net`. */
  readonly taken: { readonly parameters: string; readonly ema?: string };
  /** Tensors of the file that were left out. */
  readonly ignored: number;
}

/**
 * Reads a file of the original: a Lightning checkpoint, a state_dict, or a dict that holds one, as
 * `torch.save` or safetensors wrote it. Nothing in it is executed.
 *
 * Sizes follow from the tensors' shapes. The number of heads doesn't: it is taken from `given`, else
 * from the file's hyper-parameters. The original predicts the noise, on the cosine schedule.
 *
 * Names tell which weights are the network's and which their moving average. Parts of names that
 * wrappers add, such as `_orig_mod`, are taken off wherever they stand.
 *
 * @param weights the name of the weights to take, instead of network and average
 * @throws {CheckpointError} when it is no such file, of another network, or holds several
 * @throws {ConfigError} when the sizes make no sense, or the number of heads is unknown
 */
export function importPyTorch(
  bytes: Uint8Array<ArrayBuffer>,
  given: Partial<RinConfig> = {},
  weights?: string,
): ImportedCheckpoint {
  const file = isTorchFile(bytes) ? describeTorch(readTorchFile(bytes)) : describeTensors(bytes);
  const { network, average, ignored } = chooseWeights(file, weights);
  const known = { ...inferConfig(network.tensors, given), numHeads: file.numHeads, ...given };
  if (known.numHeads === undefined) {
    throw new ConfigError("numHeads is not known, for no tensor's shape tells it: give it");
  }
  const config = completeConfig({ prediction: "eps", schedule: "cosine", ...known });
  return {
    config,
    slabs: {
      parameters: slabOf(network, config),
      ...(average ? { ema: slabOf(average, config) } : {}),
    },
    taken: { parameters: network.name, ...average && { ema: average.name } },
    ignored,
    about: {
      source: "imported from PyTorch",
      ...(file.steps === undefined ? {} : { [TRAINED_STEPS]: String(file.steps) }),
    },
  };
}

/** @throws {CheckpointError} that names the file's kind */
function readTensors(bytes: Uint8Array<ArrayBuffer>): SafeTensors {
  try {
    return readSafetensors(bytes);
  } catch (thrown) {
    if (!(thrown instanceof CheckpointError)) throw thrown;
    throw new CheckpointError(whatIsIt(bytes, thrown.message));
  }
}

function describeTensors(bytes: Uint8Array<ArrayBuffer>): PyTorchFile {
  const { metadata, tensors, others = new Map<string, string>() } = readTensors(bytes);
  if (metadata.format === "rin") {
    throw new CheckpointError("it is a checkpoint of rin already and can be used as it is");
  }
  const readable = [...tensors].map(([name, { shape, data }]): [string, Readable] => [
    name,
    { shape, read: () => data },
  ]);
  const whole = [...others.keys()].map((name): [string, Readable] => [
    name,
    { shape: [], read: () => new Float32Array(), whole: true },
  ]);
  return { dicts: [["", new Map([...readable, ...whole])]] };
}

/** Weights that are computed from others when the network runs. */
const COMPUTED = /(^|\.)(parametrizations\.|weight_(g|v|orig)$)/;

/** All parameters in one slab; the shapes are checked before anything is read. */
function slabOf({ name: weights, tensors }: FoundWeights, config: RinConfig) {
  const { parameters, size } = parameterLayout(config);
  const known = new Set(parameters.map(({ name }) => name));
  const extra = [...tensors.keys()].find((name) => !known.has(name));
  if (extra !== undefined && COMPUTED.test(extra)) {
    throw new CheckpointError(
      `its tensor ${extra} is the part of a parametrization: remove it ` +
        "(torch.nn.utils.parametrize.remove_parametrizations), and save the state_dict() again",
    );
  }
  if (extra !== undefined) {
    throw new CheckpointError(`it has a tensor ${extra} that no network of ElianBelot/rin has`);
  }
  for (const { name, shape } of parameters) {
    const { shape: found, maker } = tensors.get(name) ?? {};
    if (found === undefined) {
      throw new CheckpointError(`it lacks the tensor ${name} in the weights ${weights}`);
    }
    if (maker) throw new CheckpointError(`its tensor ${name} needs ${maker}, which rin can't read`);
    if (found.join() !== shape.join()) {
      throw new CheckpointError(
        `its tensor ${name} has shape (${found.join(", ")}), its other sizes need (${
          shape.join(", ")
        })`,
      );
    }
  }
  const slab = new Float32Array(size);
  for (const { name, offset } of parameters) {
    const values = tensors.get(name)!.read();
    expectFinite(name, values);
    slab.set(values, offset);
  }
  return slab;
}

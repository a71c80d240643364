/**
 * The networks of the original project (ElianBelot/rin, PyTorch) as checkpoints.
 *
 * @module
 */
import type { Checkpoint } from "../checkpoint.ts";
import { completeConfig, ConfigError, type RinConfig } from "../config.ts";
import { parameterLayout } from "../parameters.ts";
import { CheckpointError, readSafetensors } from "../safetensors.ts";
import { inferConfig } from "./infer_config.ts";
import { describeTorch, findNetworks, type PyTorchFile, type Tensors } from "./networks.ts";
import { isTorchFile, readTorchFile } from "./torch_file.ts";

/**
 * Reads a file of the original: a Lightning checkpoint, a state_dict, or a dict that holds one, as
 * `torch.save` or safetensors wrote it. Nothing in it is executed.
 *
 * Sizes follow from the tensors' shapes. The number of heads doesn't: it is taken from `given`, else
 * from the file's hyper-parameters. The original predicts the noise, on the cosine schedule.
 *
 * @throws {CheckpointError} when it is no such file, or of another network
 * @throws {ConfigError} when the sizes make no sense, or the number of heads is not known
 */
export function importPyTorch(
  bytes: Uint8Array<ArrayBuffer>,
  given: Partial<RinConfig> = {},
): Checkpoint {
  const file = isTorchFile(bytes) ? describeTorch(readTorchFile(bytes)) : describeTensors(bytes);
  const { network, average } = findNetworks(file);
  const known = { ...inferConfig(network), numHeads: file.numHeads, ...given };
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
    about: {
      source: "imported from PyTorch",
      ...(file.steps === undefined ? {} : { trained_steps: String(file.steps) }),
    },
  };
}

function describeTensors(bytes: Uint8Array<ArrayBuffer>): PyTorchFile {
  const { metadata, tensors } = readSafetensors(bytes);
  if (metadata.format === "rin") {
    throw new CheckpointError("it is a checkpoint of rin already and can be used as it is");
  }
  const readable = [...tensors].map(([name, { shape, data }]) =>
    [name, { shape, read: () => data }] as const
  );
  return { dicts: [["", new Map(readable)]] };
}

/** All parameters in one slab; the shapes are checked before anything is read. */
function slabOf(tensors: Tensors, config: RinConfig): Float32Array<ArrayBuffer> {
  const { parameters, size } = parameterLayout(config);
  const known = new Set(parameters.map(({ name }) => name));
  const extra = [...tensors.keys()].find((name) => !known.has(name));
  if (extra !== undefined) {
    throw new CheckpointError(`it has a tensor ${extra} that no network of ElianBelot/rin has`);
  }
  for (const { name, shape } of parameters) {
    const { shape: found, maker } = tensors.get(name) ?? {};
    if (found === undefined) throw new CheckpointError(`it lacks the tensor ${name}`);
    if (maker) throw new CheckpointError(`its tensor ${name} needs ${maker}, which is not read`);
    if (found.join() !== shape.join()) {
      throw new CheckpointError(
        `its tensor ${name} has shape (${found.join(", ")}), its other sizes need (${
          shape.join(", ")
        })`,
      );
    }
  }
  const slab = new Float32Array(size);
  for (const { name, offset } of parameters) slab.set(tensors.get(name)!.read(), offset);
  return slab;
}

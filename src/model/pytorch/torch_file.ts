/**
 * Files written by `torch.save`: a zip archive of a pickle and the bytes of tensors.
 *
 * @module
 */
import { inMemory } from "../../formats/bytes.ts";
import { FormatError } from "../../formats/format_error.ts";
import { Global, unpickle } from "../../formats/pickle.ts";
import { readZip } from "../../formats/zip.ts";
import { CheckpointError } from "../safetensors.ts";
import { TorchStorage, TorchTensor } from "./torch_tensor.ts";

/** Whether a file begins as `torch.save` writes it, or wrote it before PyTorch 1.6. */
export function isTorchFile(bytes: Uint8Array): boolean {
  return bytes[0] === 0x50 && bytes[1] === 0x4b || isPickle(bytes);
}

const isPickle = (bytes: Uint8Array) => bytes[0] === 0x80 && bytes[1] <= 5;

/**
 * Reads the saved object as data: dicts are Maps, tensors are {@linkcode TorchTensor}s, and other
 * instances are {@linkcode PythonObject}s. It runs no code from the file.
 *
 * @throws {CheckpointError} when the file is no such archive, or a tensor lies outside of it
 */
export function readTorchFile(bytes: Uint8Array<ArrayBuffer>): unknown {
  if (isPickle(bytes)) {
    throw new CheckpointError(
      "it is in the format that PyTorch wrote before version 1.6: load it with torch.load and save " +
        "it again with torch.save",
    );
  }
  try {
    return readEntries(storedEntries(bytes));
  } catch (thrown) {
    if (thrown instanceof FormatError) throw new CheckpointError(thrown.message);
    throw thrown;
  }
}

/** Files of the archive by name; `torch.save` packs none. */
function storedEntries(bytes: Uint8Array<ArrayBuffer>): Map<string, Uint8Array<ArrayBuffer>> {
  const stored = readZip(inMemory(bytes)).filter((entry) => entry.stored);
  return new Map(stored.map(({ name, packed }) => [name, packed.read(0, packed.size)]));
}

function readEntries(entries: ReadonlyMap<string, Uint8Array<ArrayBuffer>>): unknown {
  const pickle = [...entries.keys()].find((name) => /^[^/]*\/data\.pkl$/.test(name));
  if (pickle === undefined) {
    const names = [...entries.keys()];
    const inner = names.find((name) => /\.(ckpt|pth?|bin|safetensors)$/i.test(name));
    if (inner !== undefined) {
      throw new CheckpointError(`it is a zip archive that holds ${inner}: unpack it first`);
    }
    if (names.length === 0) {
      throw new CheckpointError(
        "it is a zip archive whose files are compressed, as no file of torch.save is: unpack it; " +
          "if it holds a checkpoint, import that",
      );
    }
    throw new CheckpointError("it is a zip archive, but none that torch.save wrote: no data.pkl");
  }
  const folder = pickle.slice(0, -"data.pkl".length);
  if (entries.has(`${folder}constants.pkl`)) {
    throw new CheckpointError(
      "it is a TorchScript program: save the module's state_dict() with torch.save instead",
    );
  }
  const order = entries.get(`${folder}byteorder`);
  if (order && new TextDecoder().decode(order) !== "little") {
    throw new CheckpointError("its numbers are big-endian: save it on a little-endian machine");
  }
  return unpickle(entries.get(pickle)!, {
    call,
    persistent: (id) => {
      const [kind, type, key] = Array.isArray(id) ? id : [];
      if (kind !== "storage" || !(type instanceof Global) || typeof key !== "string") {
        throw new CheckpointError("its pickle refers to something other than a tensor's storage");
      }
      return new TorchStorage(type.name, entries.get(`${folder}data/${key}`));
    },
  });
}

/** Knows some functions by name; other results stay as the file describes them. */
function call(name: string, args: readonly unknown[]): unknown {
  switch (name) {
    case "torch._utils._rebuild_tensor_v2":
      return new TorchTensor(args[0], args[1], args[2], args[3]);
    case "torch._utils._rebuild_parameter":
      return args[0];
    case "collections.OrderedDict":
      return new Map();
  }
}
